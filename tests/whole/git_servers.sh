#!/bin/bash
# deadline: 240
# Pushing over ssh and HTTP: through a host alias of the ssh config, with a password from a credential
# helper, by way of a proxy; to a server that says nothing, one that cuts the line, one that refuses.
. "$SRC/tests/lib.sh"

[[ -x /usr/sbin/sshd && -x /usr/sbin/lighttpd ]] || skip "no sshd or no lighttpd"
world=$PWD
started=()
leave()
{
	kill "${started[@]}" 2> /dev/null
	wait
}
trap leave EXIT

# Starts tools/relay in a mode; $port is where it listens.
relay() # MODE [ARG...]
{
	rm -f "$world/port"
	"$BUILD/tools/relay" "$world/port" "$@" 2> "$world/relay.log" &
	started+=($!)
	wait_for 20 test -e "$world/port"
	port=$(cat "$world/port")
}
make_repository repo
cd repo || exit 1
write_config stepgate.conf << 'END'
title = "Servers"
step "One" { shell = "head -c 300000 /dev/urandom > one" }
when_complete = "restart"
repository { commit_close = false  push_timeout = "15s"  push_retries = 0 }
END
remote() # URL
{
	git remote set-url origin "$1"
}
pushed()
{
	expect_exit 0 run
	expect_line 'Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed'
	expect "the remote" "$(git -C ../repo.git rev-parse main)" "$(git rev-parse HEAD)"
}
refused() # WORDS
{
	local before
	before=$(git -C ../repo.git rev-parse main)
	run "$STEPGATE" run
	expect_line 'Step 1 completed: Tokens: 0.0%; Status: NOK, push failed'
	expect_in_stderr "step 1: $1"
	expect "the remote" "$(git -C ../repo.git rev-parse main)" "$before"
	expect "git's processes" "$(pgrep -c -s "$$" -x git)" 0
}

# What a remote has against a push, in the same words by whichever way it is reached; only a lock may
# pass, and is tried again.
refusals()
{
	printf '#!/bin/sh\necho "not on a friday" >&2\nexit 1\n' > ../repo.git/hooks/pre-receive
	chmod +x ../repo.git/hooks/pre-receive
	refused 'the remote refused the push: [remote rejected] (pre-receive hook declined): not on a friday'
	! grep -q 'tried' "$errors" || fail "it was tried again"
	rm ../repo.git/hooks/pre-receive
	: > ../repo.git/refs/heads/main.lock
	refused "the branch is locked on the remote: [remote rejected] (failed to update ref): error: cannot lock ref 'refs/heads/main': Unable to create "
	expect_in_stderr '(tried 2 times)'
	rm ../repo.git/refs/heads/main.lock
}

# Killed while the remote takes the push, stepgate and its helper: the next run brings the commit that
# was made, and says so when it is there.
killed()
{
	local pid helper commits
	commits=$(git rev-list --count HEAD)
	rm -f ../hook
	printf '#!/bin/sh\necho $$ > ../hook.new\nmv ../hook.new ../hook\nexec tail -f /dev/null\n' \
		> ../repo.git/hooks/pre-receive
	chmod +x ../repo.git/hooks/pre-receive
	"$STEPGATE" run > ../killed 2>&1 < /dev/null &
	pid=$!
	wait_for 20 test -e ../hook
	helper=$(pgrep -P "$pid" -x stepgate-git)
	kill -9 "$pid" "$helper"
	wait "$pid" 2> /dev/null
	rm ../repo.git/hooks/pre-receive
	kill "$(cat ../hook)"
	pushed
	expect "the commits" "$(git rev-list --count HEAD)" $((commits + 1))
}

# ssh, with a key and a host of our own; whose home ssh looks into is not for HOME to say.
mkdir -p "$HOME/.ssh" ../bin && chmod 700 "$HOME" "$HOME/.ssh"
ssh-keygen -q -t ed25519 -N '' -f "$HOME/.ssh/key" && ssh-keygen -q -t ed25519 -N '' -f ../host ||
	fail "no keys"
[[ $(id -u) -ne 0 || -d /run/sshd ]] || mkdir -m 755 /run/sshd
cat > ../sshd.conf << END
HostKey $world/host
AuthorizedKeysFile $HOME/.ssh/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
END
cp "$HOME/.ssh/key.pub" "$HOME/.ssh/authorized_keys"
relay exec /usr/sbin/sshd -i -f "$world/sshd.conf" -E "$world/sshd.log"
cat > "$HOME/.ssh/config" << END
Host forge
    HostName 127.0.0.1
    Port $port
    User $(id -un)
    IdentityFile $HOME/.ssh/key
    IdentitiesOnly yes
    UserKnownHostsFile $HOME/.ssh/known_hosts
END
printf '#!/bin/sh\nexec /usr/bin/ssh -F "$HOME/.ssh/config" "$@"\n' > ../bin/ssh
chmod +x ../bin/ssh
export PATH="$world/bin:$PATH"
remote "forge:$world/repo.git"
refused 'the remote did not accept the credentials: Host key verification failed.'
echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 ../host.pub)" > "$HOME/.ssh/known_hosts"
pushed
sed -i 's/push_retries = 0/push_retries = 1/' stepgate.conf
refusals
killed
sed -i 's/push_retries = 1/push_retries = 0/' stepgate.conf
: > "$HOME/.ssh/authorized_keys"
refused 'the remote did not accept the credentials: '
kill "${started[0]}"
wait "${started[0]}" 2> /dev/null
refused 'the remote could not be reached: ssh: connect to host 127.0.0.1 port'
remote "../repo.git"
pushed

# HTTP, by git's own program behind lighttpd, which wants a name and a password.
cat > ../lighttpd.conf << END
server.document-root = "$world"
server.bind = "$world/http"
server.modules = ("mod_auth", "mod_authn_file", "mod_alias", "mod_setenv", "mod_cgi")
alias.url = ("/git" => "$(git --exec-path)/git-http-backend")
setenv.add-environment = ("GIT_PROJECT_ROOT" => "$world", "GIT_HTTP_EXPORT_ALL" => "1")
\$HTTP["url"] =~ "^/git" { cgi.assign = ("" => "") }
auth.backend = "plain"
auth.backend.plain.userfile = "$world/users"
auth.require = ("/git" => ("method" => "basic", "realm" => "git", "require" => "valid-user"))
END
echo 'ada:secret' > ../users
/usr/sbin/lighttpd -D -f ../lighttpd.conf > ../lighttpd.log 2>&1 &
started+=($!)
wait_for 20 test -S ../http
relay unix "$world/http"
web=$port
remote "http://127.0.0.1:$web/git/repo.git"
refused "the remote did not accept the credentials: fatal: could not read Username"
echo wrong > ../password
git config credential.helper "!f() { echo username=ada; echo password=\$(cat '$world/password'); }; f"
refused 'the remote did not accept the credentials: fatal: Authentication failed'
echo secret > ../password
pushed
remote "http://127.0.0.1:$web/git/none.git"
refused 'the remote could not be reached: '

# By way of a proxy, which alone knows where that is.
relay proxy "$world/proxied"
git config http.proxy "http://127.0.0.1:$port"
remote "http://127.0.0.1:$web/git/repo.git"
pushed
grep -q "^GET http://127.0.0.1:$web/git/repo.git/info/refs" ../proxied ||
	fail "the proxy was not asked"
git config --unset http.proxy

# The line is cut in the middle of the pack: once, and it is tried again; always, and it is not there.
sed -i 's/push_retries = 0/push_retries = 1/' stepgate.conf
relay unix "$world/http" 100000 1
remote "http://127.0.0.1:$port/git/repo.git"
pushed
relay unix "$world/http" 100000
remote "http://127.0.0.1:$port/git/repo.git"
refused 'the remote could not be reached: '
expect_in_stderr '(tried 2 times)'
remote "http://127.0.0.1:$web/git/repo.git"
refusals
pushed
killed

# A remote without room, which gets some.
without_room()
{
	local before
	mkdir ../small
	mount -t tmpfs -o size=400k tmpfs ../small 2> /dev/null || return 0
	trap 'umount -l "$world/small"; leave' EXIT
	git clone -q --bare --no-hardlinks --depth 1 "file://$world/repo.git" ../small/repo.git ||
		fail "no small remote"
	rm -rf ../small/repo.git/hooks
	head -c 10M /dev/zero > ../small/fill 2> /dev/null
	for url in ../small/repo.git "http://127.0.0.1:$web/git/small/repo.git"; do
		remote "$url"
		before=$(git -C ../small/repo.git rev-parse main)
		run "$STEPGATE" run
		expect_line 'Step 1 completed: Tokens: 0.0%; Status: NOK, push failed'
		expect_in_stderr 'step 1: the remote has no room: '
		! grep -q 'tried' "$errors" || fail "it was tried again"
		expect "the remote" "$(git -C ../small/repo.git rev-parse main)" "$before"
	done
	rm ../small/fill
	mount -o remount,size=20m ../small || fail "it gets no room"
	expect_exit 0 run
	expect "the remote" "$(git -C ../small/repo.git rev-parse main)" "$(git rev-parse HEAD)"
}
[[ $(id -u) -ne 0 ]] || without_room

# A name that no host has, and one that has nothing to do with git.
remote "http://no.such.host.invalid/repo.git"
refused 'the remote could not be reached: fatal: unable to access '
expect_in_stderr 'Could not resolve host: no.such.host.invalid (tried 2 times)'

# A server that takes the connection and says nothing.
sed -i 's/push_timeout = "15s"/push_timeout = "1s"/' stepgate.conf
relay dead
remote "http://127.0.0.1:$port/git/repo.git"
refused 'the push took too long and was ended: git push: ended after its timeout of 1 s'
remote "git://127.0.0.1:$port/repo.git"
refused 'the push took too long and was ended: git push: ended after its timeout of 1 s'
