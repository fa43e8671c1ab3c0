/*
 * The machine, as one list. Everything else that knows a state, an event or a move is expanded from
 * it: the enums, the names, the table, the proofs of rules.h, `stepgate fsm` and the SPIN model.
 *
 * Each (state, event) is a row: MOVE(from, event, to) or DENY(state, event, why). There is no
 * default; a missing row, or a row given twice, stops the build (rules.c).
 */
#ifndef FSM_TABLE_H
#define FSM_TABLE_H

/* name, what it is for */
#define FSM_STATES(X)                                                   \
	X(IDLE, "no cycle has begun")                                   \
	X(PRECHECK, "the gate decides whether the next step may start") \
	X(STEP, "a worker is at work")                                  \
	X(COMMIT, "the step's work is recorded, committed and pushed")  \
	X(REPORT, "the step is reported")                               \
	X(POSTCHECK, "the budget is checked again")                     \
	X(CLOSED, "the cycle is over")

/* name, kind, what it says */
#define FSM_EVENTS(X)                                                                  \
	X(BEGIN, OPENS, "a cycle begins; budget and threshold are locked")             \
	X(PASS, PASSES, "the gate is open")                                            \
	X(DONE, ENDS, "the worker succeeded")                                          \
	X(FAILED, ENDS, "the worker failed")                                           \
	X(TIMED_OUT, ENDS, "the worker ran out of time and was ended")                 \
	X(CRASHED, ENDS, "the worker was killed by a signal, or could not be started") \
	X(STOPPED, ENDS, "the worker was ended because the user asked")                \
	X(INTERRUPTED, ENDS, "stepgate itself died while the worker was at work")      \
	X(SAVED, SAVES, "the receipt says where the work is")                          \
	X(UNSAVED, SAVES, "the receipt says why the work is not where it should be")   \
	X(TOLD, TELLS, "the report is on disk")                                        \
	X(AGAIN, REPEATS, "there is work left, and budget for it")                     \
	X(COMPLETED, CLOSES, "all work is completed")                                  \
	X(THRESHOLD, CLOSES, "the token threshold is reached")                         \
	X(VETOED, CLOSES, "a gate of the config says no")                              \
	X(USER, CLOSES, "the user asked for the end")                                  \
	X(ERROR, CLOSES, "an error ended the cycle")

#define FSM_ROWS(MOVE, DENY)                                                                   \
	MOVE(IDLE, BEGIN, PRECHECK)                                                            \
	DENY(IDLE, PASS, "no cycle has begun: there is no gate to pass")                       \
	DENY(IDLE, DONE, "no step is under way")                                               \
	DENY(IDLE, FAILED, "no step is under way")                                             \
	DENY(IDLE, TIMED_OUT, "no step is under way")                                          \
	DENY(IDLE, CRASHED, "no step is under way")                                            \
	DENY(IDLE, STOPPED, "no step is under way")                                            \
	DENY(IDLE, INTERRUPTED, "no step is under way")                                        \
	DENY(IDLE, SAVED, "there is no work to save")                                          \
	DENY(IDLE, UNSAVED, "there is no work to save")                                        \
	DENY(IDLE, TOLD, "there is nothing to report")                                         \
	DENY(IDLE, AGAIN, "no cycle has begun")                                                \
	DENY(IDLE, COMPLETED, "no cycle has begun: there is none to close")                    \
	DENY(IDLE, THRESHOLD, "no cycle has begun: there is none to close")                    \
	DENY(IDLE, VETOED, "no cycle has begun: there is none to close")                       \
	DENY(IDLE, USER, "no cycle has begun: there is none to close")                         \
	DENY(IDLE, ERROR, "no cycle has begun: there is none to close")                        \
                                                                                               \
	DENY(PRECHECK, BEGIN, "the cycle has begun already: its terms are locked")             \
	MOVE(PRECHECK, PASS, STEP)                                                             \
	DENY(PRECHECK, DONE, "no step is under way: begin one first")                          \
	DENY(PRECHECK, FAILED, "no step is under way: begin one first")                        \
	DENY(PRECHECK, TIMED_OUT, "no step is under way: begin one first")                     \
	DENY(PRECHECK, CRASHED, "no step is under way: begin one first")                       \
	DENY(PRECHECK, STOPPED, "no step is under way: begin one first")                       \
	DENY(PRECHECK, INTERRUPTED, "no step is under way: begin one first")                   \
	DENY(PRECHECK, SAVED, "no step was done: there is no work to save")                    \
	DENY(PRECHECK, UNSAVED, "no step was done: there is no work to save")                  \
	DENY(PRECHECK, TOLD, "no step was done: there is nothing to report")                   \
	DENY(PRECHECK, AGAIN, "the gate is to be asked already")                               \
	MOVE(PRECHECK, COMPLETED, CLOSED)                                                      \
	MOVE(PRECHECK, THRESHOLD, CLOSED)                                                      \
	MOVE(PRECHECK, VETOED, CLOSED)                                                         \
	MOVE(PRECHECK, USER, CLOSED)                                                           \
	MOVE(PRECHECK, ERROR, CLOSED)                                                          \
                                                                                               \
	DENY(STEP, BEGIN, "the cycle has begun already: its terms are locked")                 \
	DENY(STEP, PASS, "a step is under way: one pass is good for one step")                 \
	MOVE(STEP, DONE, COMMIT)                                                               \
	MOVE(STEP, FAILED, COMMIT)                                                             \
	MOVE(STEP, TIMED_OUT, COMMIT)                                                          \
	MOVE(STEP, CRASHED, COMMIT)                                                            \
	MOVE(STEP, STOPPED, COMMIT)                                                            \
	MOVE(STEP, INTERRUPTED, COMMIT)                                                        \
	DENY(STEP, SAVED, "the step is still under way: it ends before its work is saved")     \
	DENY(STEP, UNSAVED, "the step is still under way: it ends before its work is saved")   \
	DENY(STEP, TOLD, "the step is still under way: it is saved before it is reported")     \
	DENY(STEP, AGAIN, "the step is still under way")                                       \
	DENY(STEP, COMPLETED, "the step is still under way: its work would be lost")           \
	DENY(STEP, THRESHOLD, "the step is still under way: its work would be lost")           \
	DENY(STEP, VETOED, "the step is still under way: its work would be lost")              \
	DENY(STEP, USER, "the step is still under way: stop it, then its work is saved")       \
	DENY(STEP, ERROR, "the step is still under way: its work would be lost")               \
                                                                                               \
	DENY(COMMIT, BEGIN, "the cycle has begun already: its terms are locked")               \
	DENY(COMMIT, PASS, "the work of the last step is not saved yet")                       \
	DENY(COMMIT, DONE, "the step has ended already")                                       \
	DENY(COMMIT, FAILED, "the step has ended already")                                     \
	DENY(COMMIT, TIMED_OUT, "the step has ended already")                                  \
	DENY(COMMIT, CRASHED, "the step has ended already")                                    \
	DENY(COMMIT, STOPPED, "the step has ended already")                                    \
	DENY(COMMIT, INTERRUPTED, "the step has ended already: its work is saved again")       \
	MOVE(COMMIT, SAVED, REPORT)                                                            \
	MOVE(COMMIT, UNSAVED, REPORT)                                                          \
	DENY(COMMIT, TOLD, "nothing is reported without a receipt")                            \
	DENY(COMMIT, AGAIN, "the work of the last step is not saved yet")                      \
	DENY(COMMIT, COMPLETED, "the work of the last step is not saved yet")                  \
	DENY(COMMIT, THRESHOLD, "the work of the last step is not saved yet")                  \
	DENY(COMMIT, VETOED, "the work of the last step is not saved yet")                     \
	DENY(COMMIT, USER, "the work of the last step is not saved yet")                       \
	DENY(COMMIT, ERROR, "the work of the last step is not saved yet: say so in a receipt") \
                                                                                               \
	DENY(REPORT, BEGIN, "the cycle has begun already: its terms are locked")               \
	DENY(REPORT, PASS, "the last step is not reported yet")                                \
	DENY(REPORT, DONE, "the step has ended already")                                       \
	DENY(REPORT, FAILED, "the step has ended already")                                     \
	DENY(REPORT, TIMED_OUT, "the step has ended already")                                  \
	DENY(REPORT, CRASHED, "the step has ended already")                                    \
	DENY(REPORT, STOPPED, "the step has ended already")                                    \
	DENY(REPORT, INTERRUPTED, "the step has ended already")                                \
	DENY(REPORT, SAVED, "the step has its receipt already")                                \
	DENY(REPORT, UNSAVED, "the step has its receipt already")                              \
	MOVE(REPORT, TOLD, POSTCHECK)                                                          \
	DENY(REPORT, AGAIN, "the last step is not reported yet")                               \
	DENY(REPORT, COMPLETED, "the last step is not reported yet")                           \
	DENY(REPORT, THRESHOLD, "the last step is not reported yet")                           \
	DENY(REPORT, VETOED, "the last step is not reported yet")                              \
	DENY(REPORT, USER, "the last step is not reported yet")                                \
	DENY(REPORT, ERROR, "the last step is not reported yet")                               \
                                                                                               \
	DENY(POSTCHECK, BEGIN, "the cycle has begun already: its terms are locked")            \
	DENY(POSTCHECK, PASS, "the budget is not checked yet: only PRECHECK gives a pass")     \
	DENY(POSTCHECK, DONE, "the step has ended already")                                    \
	DENY(POSTCHECK, FAILED, "the step has ended already")                                  \
	DENY(POSTCHECK, TIMED_OUT, "the step has ended already")                               \
	DENY(POSTCHECK, CRASHED, "the step has ended already")                                 \
	DENY(POSTCHECK, STOPPED, "the step has ended already")                                 \
	DENY(POSTCHECK, INTERRUPTED, "the step has ended already")                             \
	DENY(POSTCHECK, SAVED, "the step has its receipt already")                             \
	DENY(POSTCHECK, UNSAVED, "the step has its receipt already")                           \
	DENY(POSTCHECK, TOLD, "the step is reported already")                                  \
	MOVE(POSTCHECK, AGAIN, PRECHECK)                                                       \
	MOVE(POSTCHECK, COMPLETED, CLOSED)                                                     \
	MOVE(POSTCHECK, THRESHOLD, CLOSED)                                                     \
	MOVE(POSTCHECK, VETOED, CLOSED)                                                        \
	MOVE(POSTCHECK, USER, CLOSED)                                                          \
	MOVE(POSTCHECK, ERROR, CLOSED)                                                         \
                                                                                               \
	DENY(CLOSED, BEGIN, "the cycle is over: start a new one")                              \
	DENY(CLOSED, PASS, "the cycle is over: its gate stays shut")                           \
	DENY(CLOSED, DONE, "the cycle is over")                                                \
	DENY(CLOSED, FAILED, "the cycle is over")                                              \
	DENY(CLOSED, TIMED_OUT, "the cycle is over")                                           \
	DENY(CLOSED, CRASHED, "the cycle is over")                                             \
	DENY(CLOSED, STOPPED, "the cycle is over")                                             \
	DENY(CLOSED, INTERRUPTED, "the cycle is over")                                         \
	DENY(CLOSED, SAVED, "the cycle is over")                                               \
	DENY(CLOSED, UNSAVED, "the cycle is over")                                             \
	DENY(CLOSED, TOLD, "the cycle is over")                                                \
	DENY(CLOSED, AGAIN, "the cycle is over: start a new one")                              \
	DENY(CLOSED, COMPLETED, "the cycle is closed already")                                 \
	DENY(CLOSED, THRESHOLD, "the cycle is closed already")                                 \
	DENY(CLOSED, VETOED, "the cycle is closed already")                                    \
	DENY(CLOSED, USER, "the cycle is closed already")                                      \
	DENY(CLOSED, ERROR, "the cycle is closed already")

#endif
