#include "runner/commands/show_fsm.h"

#include "fsm/rules.h"

/* 0, or -1 where any write to `out` failed. */
static int finish(FILE *out)
{
	return fflush(out) != 0 || ferror(out) ? -1 : 0;
}

static int count_moves(void)
{
	int moves = 0;
	for (int from = 0; from < FSM_NSTATES; from++)
		for (int event = 0; event < FSM_NEVENTS; event++)
			moves += fsm_next((enum fsm_state)from, (enum fsm_event)event) !=
				 FSM_REFUSED;
	return moves;
}

static void text_words(FILE *out)
{
	fputs("\nStates\n", out);
	for (int i = 0; i < FSM_NSTATES; i++)
		fprintf(out, "  %-11s  %s\n", fsm_state_name((enum fsm_state)i),
			fsm_state_words((enum fsm_state)i));
	fputs("\nEvents\n", out);
	for (int i = 0; i < FSM_NEVENTS; i++)
		fprintf(out, "  %-11s  %s\n", fsm_event_name((enum fsm_event)i),
			fsm_event_words((enum fsm_event)i));
	fputs("\nRules\n", out);
#define X(number, words) fprintf(out, "  R%-10d  %s\n", number, fsm_rule_words(number));
	FSM_RULES(X)
#undef X
}

static void text_state(FILE *out, enum fsm_state from)
{
	fprintf(out, "\n%s: %s\n", fsm_state_name(from), fsm_state_words(from));
	for (int i = 0; i < FSM_NEVENTS; i++) {
		const enum fsm_event event = (enum fsm_event)i;
		const int to = fsm_next(from, event);
		if (to == FSM_REFUSED)
			fprintf(out, "  %-11s  refused: %s\n", fsm_event_name(event),
				fsm_refusal(from, event));
		else
			fprintf(out, "  %-11s  -> %s\n", fsm_event_name(event),
				fsm_state_name((enum fsm_state)to));
	}
}

int show_fsm_text(FILE *out)
{
	const int rows = (int)FSM_NSTATES * (int)FSM_NEVENTS, moves = count_moves();
	fprintf(out, "%d states, %d events, %d rows: %d moves and %d refusals\n", (int)FSM_NSTATES,
		(int)FSM_NEVENTS, rows, moves, rows - moves);
	text_words(out);
	for (int i = 0; i < FSM_NSTATES; i++)
		text_state(out, (enum fsm_state)i);
	return finish(out);
}

/* One edge for all events that lead from one state to another, or none. */
static void dot_edge(FILE *out, enum fsm_state from, enum fsm_state to)
{
	int events = 0;
	for (int i = 0; i < FSM_NEVENTS; i++) {
		if (fsm_next(from, (enum fsm_event)i) != (int)to)
			continue;
		if (events++ == 0)
			fprintf(out, "\t%s -> %s [label=\"", fsm_state_name(from),
				fsm_state_name(to));
		else
			fputs("\\n", out);
		fputs(fsm_event_name((enum fsm_event)i), out);
	}
	if (events)
		fprintf(out, "\"%s];\n", to < from ? ", constraint=false" : "");
}

int show_fsm_dot(FILE *out)
{
	fputs("digraph stepgate {\n"
	      "\trankdir=LR;\n"
	      "\tnode [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
	      "\tedge [fontname=\"sans-serif\", fontsize=10];\n",
	      out);
	for (int i = 0; i < FSM_NSTATES; i++)
		fprintf(out, "\t%s [tooltip=\"%s\"%s];\n", fsm_state_name((enum fsm_state)i),
			fsm_state_words((enum fsm_state)i),
			i == FSM_CLOSED ? ", peripheries=2" : "");
	for (int from = 0; from < FSM_NSTATES; from++)
		for (int to = 0; to < FSM_NSTATES; to++)
			dot_edge(out, (enum fsm_state)from, (enum fsm_state)to);
	fputs("}\n", out);
	return finish(out);
}
