#!/bin/sh
# users.sh [--at-install] - make the users that the processes of a bench run as; what is there already stays as it is.
# --at-install: nothing is made, and nothing is wrong, when it is not root who installs or the files go to a DESTDIR.
set -eu
if [ "${1-}" = --at-install ] && { [ -n "${DESTDIR-}" ] || [ "$(id -u)" -ne 0 ]; }; then exit 0; fi
for user in mbc-compile mbc-control mbc-serve mbc-history mbc-query mbc-gate mbc-helper mbc-public mbc-share mbc-alert; do
	getent passwd "$user" >/dev/null && continue
	useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$user"
	echo "user $user made"
done
# Who answers questions about the history reads its files.
usermod --append --groups mbc-history mbc-query
# The groups of the ports that control and helpers open; those that this machine does not have are passed over.
for group in dialout gpio i2c; do
	if getent group "$group" >/dev/null; then usermod --append --groups "$group" mbc-control; fi
done
for group in dialout gpio i2c plugdev; do
	if getent group "$group" >/dev/null; then usermod --append --groups "$group" mbc-helper; fi
done
