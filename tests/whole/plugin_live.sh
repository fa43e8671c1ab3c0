#!/bin/bash
# A plugin that reads a worker's usage is asked while the worker runs, too: `hard` stops the worker by
# what it says. It holds nothing up, whatever it does then, and does not outlive the step.
. "$SRC/tests/lib.sh"

export ASAN_OPTIONS=${ASAN_OPTIONS:-}:handle_segv=0:handle_abort=0
make_repository repo
mkdir plugins
make_worker_module plugins/worker.so
# Counts the signs #, and says to whom it may concern that it was asked.
cat > plugins/count.sh << 'END'
#!/bin/bash
read -r call
output=$(jq -r .output <<< "$call")
count=$(tr -cd '#' < "$output" | wc -c)
echo "{\"type\": \"usage\", \"tokens\": $count}" >&3
echo "$count" >> "$HOME/asked"
END
# While the worker is at work it does what its option says; then it is a meter as it should be.
cat > plugins/odd.sh << 'END'
#!/bin/bash
read -r call
echo "$call" >> "$HOME/calls"
if [[ -e $HOME/working ]]; then
	echo $$ > "$HOME/odd.new" && mv "$HOME/odd.new" "$HOME/odd"
	case $(jq -r .options.do <<< "$call") in
	hang)
		trap '' TERM
		sleep 1000 &
		echo $! > "$HOME/child"
		while :; do sleep 1000; done
		;;
	crash) kill -SEGV $$ ;;
	broken) echo '{"type": "usage", "tokens": 99999' >&3 ;;
	fail) echo '{"type": "usage", "tokens": 99999}' >&3 && exit 1 ;;
	flood) yes '{"type": "usage", "tokens": 99999}' >&3 ;;
	talk) yes 'of no interest' ;;
	none) ;;
	esac
fi
echo '{"type": "usage", "tokens": 7}' >&3
END
chmod +x plugins/*.sh
cd repo || exit 1
echo '*.conf' > .git/info/exclude
at=$PWD/../plugins

# hard, by a module which tells parts (input: the signs; cache_read 1000; output 1), and a program.
stopped() # TITLE MEASURE WORDS METER
{
	write_config hard.conf << END
title = "$1"
budget { tokens = 2000 threshold = 95 hard = 90 measure = "$2" }
step "s" { shell = "head -c 1900 /dev/zero | tr '\\\\0' '#'; sleep 1000" $4 }
END
	mv hard.conf "$1.conf"
	expect_exit 1 run "$1.conf"
	expect_in_stderr "budget exhausted in mid-step: $3 of 2,000 tokens (hard = 90%)"
}
stopped fresh fresh 1,901 "meter = \"module\" meter_module = \"$at/worker.so\""
stopped all all 2,901 "meter = \"module\" meter_module = \"$at/worker.so\""
: > "$HOME/asked"
stopped program fresh 1,900 "meter = \"plugin\" meter_plugin = {\"$at/count.sh\"}"
[[ $(sort -n "$HOME/asked" | tail -1) -eq 1900 ]] || fail "it was not asked: $(cat "$HOME/asked")"

# It is asked again as more is printed.
write_config again.conf << END
title = "Again"
step "s" { shell = "for i in 1 2 3; do printf '#####'; until [ -e $HOME/go\$i ]; do sleep 0.05; done; done" meter = "plugin" meter_plugin = {"$at/count.sh"} }
END
: > "$HOME/asked"
"$STEPGATE" run again.conf > again.txt 2> again.err &
for i in 1 2 3; do
	wait_for 60 grep -qx $((i * 5)) "$HOME/asked"
	: > "$HOME/go$i"
done
wait $! || fail "again: $(cat again.err)"
rm again.txt again.err
expect "the figure at the end" "$(sqlite3 .stepgate/state.db 'select own from step order by id desc limit 1')" 15

# Whatever it does while the worker runs: the worker is not held up, the last answer counts, and
# nothing of it is left.
{
	echo 'title = "Odd"'
	for how in hang crash broken fail flood talk none; do
		cat << END
step "$how" { shell = ": > $HOME/working; echo 1; until [ -s $HOME/odd ]; do sleep 0.05; done; mv $HOME/odd $HOME/odd.$how; rm $HOME/working" meter = "plugin" meter_plugin = {"$at/odd.sh"} meter_options = {"do=$how"} }
END
	done
} | write_config odd.conf
expect_exit 0 run odd.conf
expect_stderr ''
expect "the figures" "$(sqlite3 .stepgate/state.db 'select own from step order by id desc limit 7' |
	paste -sd' ')" '7 7 7 7 7 7 7'
for file in "$HOME"/odd.* "$HOME/child"; do
	kill -0 "$(cat "$file")" 2> /dev/null && fail "$file: the plugin, or what it started, outlives the step"
done

# It dies with stepgate.
write_config killed.conf << END
title = "Killed"
step "s" { shell = ": > $HOME/working; echo 1; sleep 1000" meter = "plugin" meter_plugin = {"$at/odd.sh"} meter_options = {"do=hang"} }
END
"$STEPGATE" run killed.conf > killed.txt 2>&1 &
wait_for 60 test -s "$HOME/odd"
kill -KILL $!
wait $! 2> /dev/null
gone() { ! kill -0 "$(cat "$HOME/odd")"; }
wait_for 10 gone
kill "$(cat "$HOME/child")"
rm killed.txt

exit 0
