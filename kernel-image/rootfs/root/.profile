# ~/.profile: read by login shells; /etc/profile has done the work.
