/* The model for SPIN. Its rows come from the table; what they are to be held against, the
 * properties, is written down here a second time on purpose, in terms of a history instead of a
 * row. */
#include "fsm/machine.h"
#include "runner/commands/show_fsm.h"

static const char history[] =
	"mtype state = IDLE;\n"
	"bool gate = true;  /* open; it may fall shut at any time, and stays shut */\n"
	"\n"
	"/* The last move. */\n"
	"mtype from = IDLE; /* the state before it */\n"
	"mtype kind;        /* the kind of its event */\n"
	"bool open = true;  /* the gate, when it was made */\n"
	"bool back = false; /* it led to an earlier state */\n"
	"\n"
	"inline move(to, how) {\n"
	"\tfrom = state;\n"
	"\tstate = to;\n"
	"\tkind = how;\n"
	"\topen = gate;\n"
	"\tback = (PLACE(state) < PLACE(from))\n"
	"}\n"
	"\n"
	"/* A move that is made through an open gate only. */\n"
	"inline move_through(to, how) {\n"
	"\tif\n"
	"\t:: gate -> move(to, how)\n"
	"\t:: else -> skip\n"
	"\tfi\n"
	"}\n"
	"\n"
	"inline refuse() {\n"
	"\tskip\n"
	"}\n"
	"\n";

static const char properties[] =
	"ltl r1 { [] (state == STEP -> (from == PRECHECK && kind == PASSES && open)) }\n"
	"ltl r2 { [] ((from == STEP -> (state == COMMIT && kind == ENDS)) &&\n"
	"\t     (state == COMMIT -> from == STEP)) }\n"
	"ltl r3 { [] ((from == COMMIT -> (state == REPORT && kind == SAVES)) &&\n"
	"\t     (state == REPORT -> from == COMMIT)) }\n"
	"ltl r4 { [] ((from == REPORT -> (state == POSTCHECK && kind == TELLS)) &&\n"
	"\t     (state == POSTCHECK -> from == REPORT)) }\n"
	"ltl r5 { [] ((back -> (from == POSTCHECK && state == PRECHECK)) &&\n"
	"\t     (state == PRECHECK -> ((from == POSTCHECK && kind == REPEATS && open) ||\n"
	"\t\t\t\t    (from == IDLE && kind == OPENS)))) }\n"
	"ltl r6 { [] (state == CLOSED -> ((from == PRECHECK || from == POSTCHECK) &&\n"
	"\t\t\t\t kind == CLOSES && [] (state == CLOSED))) }\n"
	"\n"
	"/* The work of a worker that has ended is saved and reported, and the budget is checked. "
	"*/\n"
	"ltl saved { [] (state == COMMIT -> <> (state == POSTCHECK)) }\n"
	"/* Whoever waits at the gate is let in, or the cycle closes. */\n"
	"ltl answered { [] (state == PRECHECK -> <> (state == STEP || state == CLOSED)) }\n"
	"/* Once the gate is shut and no worker is at work, the cycle closes. */\n"
	"ltl closed { [] ((!gate && state != IDLE && state != STEP) -> <> (state == CLOSED)) }\n";

static void words(FILE *out)
{
	fputs("mtype = {", out);
#define X(name, meaning) fprintf(out, "%s" #name, FSM_##name ? ", " : " ");
	FSM_STATES(X)
#undef X
	fputs(" };\nmtype = {", out);
#define X(name, sort, meaning) fprintf(out, "%s" #name, FSM_EV_##name ? ", " : " ");
	FSM_EVENTS(X)
#undef X
	fputs(" };\nmtype = { OPENS, PASSES, ENDS, SAVES, TELLS, REPEATS, CLOSES };\n\n"
	      "#define PLACE(s) (",
	      out);
	for (int i = 0; i < FSM_NSTATES; i++)
		fprintf(out, "%s%d * (s == %s)", i ? " + " : "", i,
			fsm_state_name((enum fsm_state)i));
	fputs(")\n\n", out);
}

static const char *kind_name(enum fsm_event event)
{
	static const char *const names[FSM_NEVENTS] = {
#define X(name, sort, meaning) [FSM_EV_##name] = #sort,
		FSM_EVENTS(X)
#undef X
	};
	return names[event];
}

static int through_gate(enum fsm_event event)
{
	const enum fsm_kind kind = fsm_event_kind(event);
	return kind == FSM_KIND_PASSES || kind == FSM_KIND_REPEATS;
}

static void row(FILE *out, enum fsm_state from, enum fsm_event event)
{
	const int to = fsm_next(from, event);
	fprintf(out, "\t:: (state == %s && event == %s) -> ", fsm_state_name(from),
		fsm_event_name(event));
	if (to == FSM_REFUSED)
		fprintf(out, "refuse() /* %s */\n", fsm_refusal(from, event));
	else
		fprintf(out, "%s(%s, %s)\n", through_gate(event) ? "move_through" : "move",
			fsm_state_name((enum fsm_state)to), kind_name(event));
}

static void table(FILE *out)
{
	fputs("inline offer(event) {\n\td_step {\n\tif\n", out);
	for (int from = 0; from < FSM_NSTATES; from++)
		for (int event = 0; event < FSM_NEVENTS; event++)
			row(out, (enum fsm_state)from, (enum fsm_event)event);
	fputs("\tfi\n\t}\n}\n\n", out);
}

static void world(FILE *out)
{
	fputs("/* Anyone: offers any event at any time. */\n"
	      "active proctype world() {\n\tmtype offered;\n\tdo\n\t:: gate = false\n"
	      "\t:: atomic {\n\t\tif\n",
	      out);
	for (int i = 0; i < FSM_NEVENTS; i++)
		fprintf(out, "\t\t:: offered = %s\n", fsm_event_name((enum fsm_event)i));
	fputs("\t\tfi;\n\t\toffer(offered)\n\t}\n\tod\n}\n\n", out);
}

/* STEP is left by the worker, IDLE by the user: no one can promise that they do. */
static void runner(FILE *out)
{
	fputs("/* The runner: offers what leads on, in the states that it is there to leave. */\n"
	      "active proctype runner() {\n\tmtype offered;\n\tdo\n\t:: atomic {\n\t\tif\n",
	      out);
	for (int from = 0; from < FSM_NSTATES; from++)
		for (int i = 0; i < FSM_NEVENTS; i++) {
			const enum fsm_event event = (enum fsm_event)i;
			if (from == FSM_IDLE || from == FSM_STEP ||
			    fsm_next((enum fsm_state)from, event) == FSM_REFUSED)
				continue;
			fprintf(out, "\t\t:: (state == %s%s) -> offered = %s\n",
				fsm_state_name((enum fsm_state)from),
				through_gate(event) ? " && gate" : "", fsm_event_name(event));
		}
	fputs("\t\tfi;\n\t\toffer(offered)\n\t}\n\tod\n}\n\n", out);
}

int show_fsm_promela(FILE *out)
{
	words(out);
	fputs(history, out);
	table(out);
	world(out);
	runner(out);
	fputs(properties, out);
	return fflush(out) != 0 || ferror(out) ? -1 : 0;
}
