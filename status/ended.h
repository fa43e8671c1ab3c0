/* How a step's worker says that its work ended, and what of that is a failure with a type. */
#ifndef STATUS_ENDED_H
#define STATUS_ENDED_H

/* Those behind COMPLETED are failures: their names are in records, reports and metrics. */
#define ENDED_LIST(X)                                                                          \
	X(ENDED_UNKNOWN, NULL) /* it does not say */                                           \
	X(ENDED_COMPLETED, "completed")                                                        \
	X(ENDED_USAGE_LIMIT, "usage_limit")   /* of its plan; it may say when that ends */     \
	X(ENDED_RATE_LIMITED, "rate_limited") /* too many requests, overloaded */              \
	X(ENDED_CONTEXT_FULL, "context_full")                                                  \
	X(ENDED_AUTHENTICATION, "authentication")                                              \
	X(ENDED_TURN_LIMIT, "turn_limit")      /* turns, or the agent's own limit of budget */ \
	X(ENDED_REFUSED, "refused")            /* the model would not */                       \
	X(ENDED_CRASHED, "crashed")            /* any other error of agent or service */       \
	X(ENDED_INTERRUPTED, "interrupted")    /* it was asked to end, or killed */            \
	X(ENDED_AT_BUDGET, "budget_exhausted") /* we stopped it there: no agent says so */
enum ended {
#define X(value, name) value,
	ENDED_LIST(X)
#undef X
		NENDED
};

const char *ended_name(enum ended ended); /* NULL for ENDED_UNKNOWN */

/* The one of a name; ENDED_UNKNOWN for another, and for NULL. */
enum ended ended_find(const char *name);

#endif
