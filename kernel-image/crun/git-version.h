/* crun prints this as its commit. */
#define GIT_VERSION "Debian, with Wherry's patches"
