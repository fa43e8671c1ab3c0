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
pushed

# A server that takes the connection and says nothing.
sed -i 's/push_timeout = "15s"/push_timeout = "1s"/' stepgate.conf
relay dead
remote "http://127.0.0.1:$port/git/repo.git"
refused 'the push took too long and was ended: git push: ended after its timeout of 1 s'
remote "git://127.0.0.1:$port/repo.git"
refused 'the push took too long and was ended: git push: ended after its timeout of 1 s'
