#!/bin/sh
# runner/commands/manual.sh STEPGATE: prints stepgate(1), with each command as its own --help tells of it.
set -eu
stepgate=$1

# A text as roff takes it: no line of it a request, no backslash an escape.
roff()
{
	sed 's/\\/\\e/g; s/-/\\-/g; s/^[.'"'"']/\\\&&/'
}

version=$("$stepgate" --version | cut -d' ' -f2)
cat << END
'\\" t
.TH STEPGATE 1 "" "stepgate $version" "User commands"
.SH NAME
stepgate \\- runs a plan step by step under a token budget
.SH SYNOPSIS
.B stepgate
.I COMMAND
.RI [ ARGUMENTS ]
.SH DESCRIPTION
stepgate runs work that is done by other programs step by step, in cycles, under a token budget.
Before every step a gate decides whether the step may start.
After every step the work is recorded, committed and pushed, and reported, and only then is the
budget checked again.
.PP
The gate is open if and only if used \\(mu 100 < budget \\(mu threshold.
stdout is the product of a command; talk goes to stderr.
.SH COMMANDS
END

"$stepgate" --help | sed -n 's/^  \([a-z][a-z ]*[a-z]\)  *[A-Z].*/\1/p' | while read -r command; do
	# "step begin" is two words to the program, so it stays unquoted.
	printf '.SS "stepgate %s"\n.nf\n' "$command"
	"$stepgate" $command --help | roff
	printf '.fi\n'
done

cat << END
.SH WORKERS
A worker runs in a session of its own, without a terminal, and finds in its environment:
.TS
l lx.
STEPGATE_CYCLE, STEPGATE_STEP	the numbers of the cycle and of the step
STEPGATE_STEP_TITLE	the step's title
STEPGATE_STEP_KEY	T{
a word that is the same each time this step of the plan is tried, so that a service can tell that it was asked before
T}
STEPGATE_BUDGET, STEPGATE_LIMIT, STEPGATE_USED	tokens
STEPGATE_USAGE_FD	the descriptor that takes lines of usage
STEPGATE_WORKER	T{
the mark of the worker: a random word; of a worker of a worker, the marks of all, with colons between them
T}
.TE
.PP
Nothing that it starts outlives it: what is in its process group or its cgroup, what comes of it by any
number of parents, and what has its mark in the environment is killed when it has ended.
Should stepgate itself be killed, a watcher does the same at once, and the next run once more.
Where no cgroup can be made, a process that has left the worker's session, lost its parent and cleared
or hidden its environment is ended with the step, but not if stepgate is killed.
.SH STOPPING
.TP
.BR "stepgate stop" ", SIGUSR1"
No new step begins; the one under way goes on to its end.
.TP
.BR "stepgate stop \-\-now" ", SIGTERM, SIGINT, SIGHUP"
No new step begins; the one under way gets SIGTERM, and SIGKILL when its
.B grace
is over.
.TP
.RB "The same again (but SIGHUP)"
The step is killed at once.
Two signals that one process sends within a tenth of a second are one, since
.BR timeout (1)
sends such.
.PP
In each case the step's work is committed and reported, the cycle closes with "User requested", and
its closing words are committed and reported too.
From SIGTERM on, each state is left in a time:
.TS
l lx.
waiting (\-\-wait, \-\-jitter)	1 s; nothing was started
PRECHECK, POSTCHECK	1 s, and 1 s more for a \fBgate\fR that is being asked
STEP	its \fBgrace\fR + 2 s, and 30 s for a \fBmeter\fR that is a command or a plugin
COMMIT	T{
\fBlock_timeout\fR + \fBpush_timeout\fR + 10 s, and what git and its hooks take to commit
T}
REPORT	T{
the \fBtimeout\fR of each report that is a program + 2 s for each report
T}
the end of the run	the longest \fBtimeout\fR of the reports that web servers have not taken yet
.TE
.PP
So a run that is in STEP ends after at most the sum of STEP, COMMIT and REPORT, and of COMMIT and
REPORT once more for the closing words.
.SH USAGE
What an agent used is told in four figures that share no token: input (uncached prompts), cache read, cache write and
output (reasoning among it).
.B measure
says which of them count against the budget: fresh, all but cache read; all; or context, the largest prompt.
.PP
Each agent is read from two sources, of which the larger counts; that they differ by more than 1 % is said:
.TS
l lx.
claude	T{
Its results, exact with sub-agents and resumed sessions; after a kill the transcripts below
.IR ~/.claude/projects .
T}
codex	T{
The rollouts below
.IR ~/.codex/sessions ,
sub-agents among them; the total of the thread that it prints, without what was there before.
T}
gemini	T{
The sums of its result; the chats below
.IR ~/.gemini/tmp .
A reply that broke off is seen in these alone.
T}
opencode	T{
The steps that it prints; its database
.I ~/.local/share/opencode/opencode.db
for sub-agents. The call that makes a title, and one under way at a kill, are told nowhere and guessed, rather too
high: give it a
.BR \-\-title .
T}
.TE
.PP
A figure is exact where every call is known, and else an estimate.
.SH RECOVERY
Every move of the machine is in the journal before the action that it stands for.
The next
.B stepgate run
(or
.BR "stepgate step" ,
for a cycle that an agent drives) takes the repository's lock and goes on from the state that the
last process died in:
.TS
l lx.
PRECHECK	T{
The status document is begun where it was not; the gate is asked.
T}
STEP	T{
What is left of the worker is ended. The step is recorded as INTERRUPTED with the usage last seen,
and goes through COMMIT like any other that did not succeed; then it is tried again.
Where it can't be ended nothing is started beside it.
T}
COMMIT	T{
The commit is found by its trailers, or made; the push is verified on the remote, or made.
T}
REPORT	T{
The report is put on disk and told.
T}
POSTCHECK	T{
The budget is checked.
T}
CLOSED	T{
The closing words are written, committed and told, as far as they were not.
T}
.TE
.PP
Reports that were on disk and not delivered are delivered, so each arrives at least once.
A cycle of another plan is brought to its end first, and closed with "Error encountered": what is left
of that plan is for its own next run.
.B stepgate status
mends nothing: it says that nothing is at work on the cycle.
.PP
A journal that can't be read is kept as
.IR .stepgate/state.db.damaged\-TIME ,
and a new one is made; one that is not there, as in a fresh clone, is made too.
It begins with what the branch's last 5000 commits tell by their trailers: the number of the newest
cycle, and which steps of the plan are done, or were passed over, in its newest round. A step that was
passed over after the last commit that is there is run again.
Where committing is turned off the status document tells it, of its one cycle.
It is said what was found.
.B stepgate run \-\-restart
begins the plan anew all the same.
Damage that is met only later ends the run that meets it; the next one mends it.
What else the journal knew (usage, messages, reports not yet delivered) stays in the file that was
kept.
.SH TRAILERS
What a commit says of itself:
.TS
l lx.
Stepgate\-Cycle	the cycle
Stepgate\-Step	the step, by its number in the plan; not in the closing words
Stepgate\-Plan	T{
the config, by its path from the repository's folder; not where an agent drives the cycle
T}
Stepgate\-Round	which time the plan is done, from the second on
Stepgate\-Attempt	which time the step is tried in the cycle, from the second on
Stepgate\-Status	NOK where the worker did not succeed
Stepgate\-Passed	T{
a step that the cycle has passed over before (\fBon_failure = "skip"\fR), one to a line; of 16 at most
T}
.TE
.SH PUSHES
To a remote on this machine stepgate itself gives what is new to
.BR "git receive\-pack" ,
whose hooks and settings hold; the ref is moved from what it was found to be, or not at all.
A push is left to
.B git push
where the git program makes the commits as well; for a pre\-push hook, submodules,
.BR push.followTags ,
.BR push.gpgSign ,
.BR push.pushOption ,
.BR protocol.allow ,
.BR remote.NAME.receivepack ,
a mirror, a partial clone, a shallow repository on either side; where an address stands for another one
.RB ( url.BASE.insteadOf ),
or there are several; and where a hundred objects or 16 MiB are to be sent.
The JSON of a report says
.B pushed_by
"engine", or "program" and why.
.SH REPORTS
A report is on the disk, in an outbox, before it is sent, and stays there until it has arrived: at
least once, each time with the same key. One that fails is tried again in the same run, after 1 s, 2 s,
4 s, at most 1 min, and by each run after that for a week; then it is given up, and said to be.
.PP
\fBslack\fR and \fBwebhook\fR are sent by a process of its own, \fBstepgate\-send\fR, beside the
cycle, which waits for them at its end alone, for at most their \fBtimeout\fR. Others hold the cycle
up while they work; one that took all its \fBtimeout\fR is not asked again in that run. Proxies come
from the environment, as curl has them; redirects are not followed; certificates are checked.
.PP
A webhook is sent the report as JSON by POST, with the headers
.TS
l lx.
idempotency\-key, webhook\-id	its key: the same when it comes again
webhook\-timestamp	when it was sent, in seconds since 1970
webhook\-signature	T{
with a \fBsigning_key\fR: "v1," and the base64 of the HMAC\-SHA256 of "ID.TIMESTAMP.BODY", as in the
Standard Webhooks specification
T}
.TE
.PP
In what goes to files and programs the key is the member \fBkey\fR. \fBgithub\fR writes to the job's
summary, and annotates what went wrong or closed the cycle; outside of GitHub Actions it does nothing.
\fBdesktop\fR runs notify\-send where there is a desktop. URLs and keys are part of no message, log,
plan or database: write them as "\${VARIABLE}", or in a file of mode 0600.
.SH AGENTS
A step with
.B agent
is done by Claude Code, Codex, Gemini CLI or OpenCode, started without a terminal; none of them is part
of stepgate.
.B stepgate plan
shows each command.
By default an agent may edit files, and what its own sandbox allows:
.B \-\-permission\-mode acceptEdits
(claude),
.B \-\-sandbox workspace\-write
(codex),
.B \-\-approval\-mode=auto_edit
(gemini),
.B \-\-auto
(opencode); an option of that kind in
.B arguments
stands in its place.
.PP
Where the environment does not say otherwise, Claude Code and OpenCode are told not to put another version in
their place
.RB ( DISABLE_AUTOUPDATER ,
.BR OPENCODE_DISABLE_AUTOUPDATE ),
and Gemini CLI that its folder is to be trusted
.RB ( GEMINI_CLI_TRUST_WORKSPACE ):
it does nothing elsewhere, and follows what the repository has in
.I .gemini/
there.
OpenCode has its prompt from stdin, the others as an argument.
.PP
A worker that reaches
.B hard
percent of the budget is asked to end, and killed when its
.B grace
is over; its work goes the way of failed work, its step is NOK with
"budget exhausted in mid\-step".
An agent tells what a call to its model used when the call is over, and is looked at four times a second.
So usage passes the limit by at most what the calls use that are under way when it is reached: one call,
or one for each sub\-agent that runs beside it.
.PP
Usage that is an estimate is told as such, and so is an agent whose words and files differ by more than 1 %,
of which the larger counts: on stderr, and as
.B usage_doubt
in the status document and in reports.
.PP
A failure of an agent is typed:
.BR usage_limit ,
.BR rate_limited ,
.BR context_full ,
.BR authentication ,
.BR turn_limit ,
.BR refused ,
.BR crashed ,
.BR interrupted ;
and
.B budget_exhausted
of any worker.
The type is in the status document, the reports, the journal, the monitor's API, and in
.B stepgate metrics
as
.BR stepgate_step_failures_total .
A usage limit closes the cycle; where the agent says when it is reset,
.B run \-\-until\-done
waits for that, for
.B wait_for_reset
at most.
OpenCode waits by itself for as long as its service says, and prints nothing meanwhile: a step of it has an
.B idle_timeout
for that.
.SH AGENTS THAT DRIVE THEMSELVES
.B stepgate mcp
gives an agent the tracker's verbs as tools (Model Context Protocol, over stdio).
The agent starts it in its repository; each call does its work and holds nothing when it is done.
What is out of order is refused in words that say what to do instead.
A session whose cycle closed at its threshold gets no other one: the next is for a new session.
.TP
Claude Code
.B claude mcp add \-\-scope project stepgate \-\- stepgate mcp
(without a terminal also
.BR "\-\-allowedTools mcp__stepgate" )
.TP
Codex
in
.IR ~/.codex/config.toml :
.B [mcp_servers.stepgate]
with
.BR "command = \(dqstepgate\(dq" ,
.BR "args = [\(dqmcp\(dq]" ,
.B tool_timeout_sec = 300
(a push may take longer than its 60 s), and for
.B codex exec
.B default_tools_approval_mode = \(dqapprove\(dq
(it refuses what it would ask about)
.TP
Gemini CLI
.B gemini mcp add stepgate stepgate mcp
(without a terminal with
.BR \-\-trust )
.TP
OpenCode
in
.IR opencode.json :
.B \(dqmcp\(dq: {\(dqstepgate\(dq: {\(dqtype\(dq: \(dqlocal\(dq, \(dqcommand\(dq: [\(dqstepgate\(dq, \(dqmcp\(dq]}}
.SH EXIT STATUS
.TP
0
The cycle closed as it should: all work completed, at the gate, or on request; or the gate says yes.
.TP
1
The cycle closed on an error, or the gate said no.
.TP
2
Usage or config error: nothing was started.
.TP
3
Another cycle has the repository.
.TP
10
With
.BR "run \\-\\-detailed\\-exitcode" :
closed as it should, and work is left.
.SH FILES
.TP
.I stepgate.conf
The config file; see
.BR stepgate.conf (5).
.TP
.I status/EE_CYCLE_STATUS.json
The status document of the cycle, committed with each step.
.TP
.I status/ee_config.json
Budget and threshold for the next cycle, where neither command line nor config says.
.TP
.I .stepgate/
The journal, the lock and what the workers printed; never committed.
.TP
.I ~/.local/state/stepgate/monitor.token
The token of
.BR "stepgate monitor" ,
below
.B XDG_STATE_HOME
where that is set; readable by its owner alone. Remove it and start the monitor again to have a new one.
.TP
.I .stepgate/logs/run.log
What the last run that the monitor started has printed.
A monitor that is a systemd service needs
.BR KillMode=process ,
or its end ends what it started.
.SH SEE ALSO
.BR stepgate.conf (5),
.BR stepgate\-plugin (7),
.BR git (1)
END
