#!/bin/bash
# Signed commits, by gpg, gpgsm and ssh, with git as the judge; and what is said where they can't be
# made.
. "$SRC/tests/lib.sh"

# Sockets have short paths.
home=$(mktemp -d /tmp/stepgate-gpg.XXXXXX) || exit 1
export GNUPGHOME=$home
leave()
{
	gpgconf --kill all 2> /dev/null
	[[ ${agent:-} ]] && kill "$agent" 2> /dev/null
	rm -rf "$home"
}
trap leave EXIT
chmod 700 "$home"

make_repository repo
cd repo || exit 1
write_config stepgate.conf << 'END'
title = "Signed"
step "One" { shell = "echo 1 >> one" }
when_complete = "restart"
repository { commit_close = false  hook_timeout = "3s" }
END
git config commit.gpgSign true

signed() # HOW
{
	expect_exit 0 run
	expect_line 'Step 1 completed: Tokens: 0.0%; Status: OK, updated & pushed'
	git -C ../repo.git verify-commit main 2> ../verdict ||
		fail "it is not signed by $1: $(cat ../verdict)"
}
refused() # WORDS
{
	before=$(git rev-parse HEAD)
	expect_exit 1 run
	expect_line 'Step 1 completed: Tokens: 0.0%; Status: NOK, commit failed'
	expect_in_stderr "step 1: the commit could not be signed: $1"
	expect "HEAD" "$(git rev-parse HEAD)" "$before"
	[[ ! -e .git/index.lock ]] || fail "a lock is left"
}

# gpg, with a key of its own without a passphrase.
gpg -q --batch --passphrase '' --quick-gen-key 'Test <test@example.org>' ed25519 sign never \
	> /dev/null 2>&1 || fail "gpg makes no key"
expect_exit 0 plan
expect_line '  signing: openpgp, gpg'
signed gpg

# A worker that names a program of its own to gpg: it is not run, and that is said.
printf '#!/bin/sh\n: > "%s/ran"\n' "$PWD/.." > ../planted
chmod +x ../planted
cp stepgate.conf ../kept.conf
sed -i "s#shell = .*}#shell = \"echo 1 >> one; echo agent-program $PWD/../planted > $home/gpg.conf\" }#" stepgate.conf
expect_exit 1 run
expect_in_stderr 'step 1: repository settings changed by the worker: how commits are signed: '
[[ ! -e ../ran ]] || fail "it was run"
rm "$home/gpg.conf"
mv ../kept.conf stepgate.conf

# A key that is not there; a passphrase that nobody is there to give.
git config user.signingKey 0123456789ABCDEF
refused 'gpg: skipped "0123456789ABCDEF": No secret key'
gpg -q --batch --pinentry-mode loopback --passphrase secret --quick-gen-key \
	'Locked <locked@example.org>' ed25519 sign never > /dev/null 2>&1 || fail "no second key"
gpgconf --kill gpg-agent
git config user.signingKey locked@example.org
refused 'gpg: signing failed: '
git config --unset user.signingKey

# A signer that does not end.
printf '#!/bin/sh\nexec sleep 1000\n' > ../sleeper
chmod +x ../sleeper
git config gpg.program "$PWD/../sleeper"
refused 'sleeper: ended after its timeout of 3 s'
git config --unset gpg.program

# x509, with a certificate of its own that it trusts itself.
by_gpgsm()
{
	printf '%s\n' 'Key-Type: RSA' 'Key-Length: 2048' 'Key-Usage: sign' 'Serial: random' \
		'Name-DN: CN=Test' 'Name-Email: test@example.org' > ../order
	gpgsm -q --batch --pinentry-mode loopback --passphrase-fd 0 --armor --gen-key \
		--output ../certificate ../order < /dev/null > /dev/null 2>&1 ||
		fail "gpgsm makes no certificate"
	echo disable-crl-checks > "$home/gpgsm.conf"
	gpgsm -q --batch --import ../certificate > /dev/null 2>&1 || fail "gpgsm --import"
	gpgsm -q --list-keys --with-colons 2> /dev/null |
		awk -F: '/^fpr/ { print $10 " S relax"; exit }' > "$home/trustlist.txt"
	gpgconf --kill gpg-agent
	git config gpg.format x509
	git config user.signingKey test@example.org
	expect_exit 0 plan
	expect_line '  signing: x509, gpgsm'
	signed gpgsm
	git cat-file commit HEAD | grep -q '^gpgsig -----BEGIN SIGNED MESSAGE-----$' ||
		fail "it is no signature by x509"
	git config user.signingKey nobody@example.org
	refused "gpgsm: can't sign using 'nobody@example.org': "
}
if command -v gpgsm > /dev/null; then
	by_gpgsm
else
	without_gpgsm='gpgsm is not installed: x509 is not tried'
fi

# ssh: a key in a file, then one that only the agent has.
ssh-keygen -q -t ed25519 -N '' -C test -f ../key || fail "ssh-keygen makes no key"
echo "test@example.org $(cat ../key.pub)" > ../allowed
git config --global gpg.ssh.allowedSignersFile "$PWD/../allowed"
git config gpg.format ssh
git config user.signingKey "$PWD/../key"
signed 'a file'
eval "$(ssh-agent -a "$home/agent" 2> /dev/null)" > /dev/null
agent=$SSH_AGENT_PID
ssh-add -q ../key 2> /dev/null || fail "ssh-add"
rm ../key
git config user.signingKey "key::$(cut -d' ' -f1,2 ../key.pub)"
expect_exit 0 plan
expect_line '  signing: ssh, agent reachable'
signed 'the agent'

# The agent has forgotten it.
ssh-add -q -D 2> /dev/null
refused ''
grep -qi 'agent\|key' "$errors" || fail "it does not say what is wrong"

# The agent is gone: nothing is started.
kill "$agent"
wait_for 10 test ! -e "$home/agent"
expect_exit 2 run
expect_in_stderr 'nothing was started: the repository needs what can'"'"'t be had here: signing: ssh, and no agent can be reached'
[[ ! ${without_gpgsm:-} ]] || skip "$without_gpgsm"
