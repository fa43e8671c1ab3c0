#!/bin/bash
# As cron would start it: nearly nothing in the environment, and the config says what there is to be.
. "$SRC/tests/lib.sh"

make_repository repo
cd repo || exit 1
mkdir ../home ../bin
git config --file ../home/.gitconfig user.name 'Night Shift'
git config --file ../home/.gitconfig user.email 'night@example.org'
git config --unset user.name
git config --unset user.email
cat > ../bin/agent << 'END'
#!/bin/sh
echo "$LANG|$TOKEN|$STEP|$HOME|$0" > "../said-$STEPGATE_STEP"
END
chmod +x ../bin/agent
printf '# for the agent\nTOKEN="s3cr3t"\nSTEP=file\n' > ../secrets.env
chmod 600 ../secrets.env
write_config stepgate.conf << END
title = "Cron"
environment_file = "../secrets.env"
environment = {"LANG=C.UTF-8"}
path = "$(dirname "$PWD")/bin:/usr/bin:/bin"
home = "../home"
step "one" { command = {"agent"} }
step "two" { command = {"agent"} environment = {"STEP=own"} }
report "program" { command = {"sh", "-c", "echo \"\$TOKEN\" >> ../told"} }
END
git -c user.name=x -c user.email=x@x commit -q --allow-empty -m x && git push -q

bare() # ARG...
{
	run env -i PATH=/usr/bin:/bin HOME=/nonexistent "$STEPGATE" "$@"
}
bare plan
expect "exit code" $code 0
expect_line "Commit: on main in $PWD, as Night Shift <night@example.org>"
bare run
expect "exit code" $code 0
home=$PWD/../home
bin=$(realpath ../bin)
expect "step 1" "$(cat ../said-1)" "C.UTF-8|s3cr3t|file|$home|$bin/agent"
expect "step 2" "$(cat ../said-2)" "C.UTF-8|s3cr3t|own|$home|$bin/agent"
expect "the committer" "$(git log -1 --format='%an <%ae>')" 'Night Shift <night@example.org>'
expect "the reporter" "$(sort -u ../told)" s3cr3t
grep -rq s3cr3t .stepgate status && fail "the secret is written down"

# What others can read is no secret; what is wrong in it is told without it.
chmod 644 ../secrets.env
bare run
expect "exit code" $code 2
expect_stderr 'stepgate: stepgate.conf:2: environment_file = "../secrets.env": others can read or write it: chmod 600'
printf 'TOKEN=s3cr3t\ns3cr3t\n' > ../secrets.env
chmod 600 ../secrets.env
bare validate
expect "exit code" $code 2
expect_stderr "stepgate: $PWD/../secrets.env:2: it is to be NAME=VALUE"
