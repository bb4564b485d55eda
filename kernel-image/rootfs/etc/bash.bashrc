# Interactive bash on the Docker host.
case $- in
*i*) ;;
*) return ;;
esac

PS1='\u@\h:\w\$ '
HISTCONTROL=ignoredups
shopt -s checkwinsize histappend
alias ls='ls --color=auto' ll='ls -l' grep='grep --color=auto'
for hook in /etc/bash_completion.d/*; do
	[ -r "$hook" ] && . "$hook"
done
unset hook
