/* The lock of a repository: who has it, and that nobody is taken for its holder who is not. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/process/lock.h"
#include "runner/process/patience.h"
#include "tests/unit/suite.h"

static struct lock lock = {.fd = -1};

static void setup(void)
{
	ck_assert(mkdir(".stepgate", 0755) == 0 || errno == EEXIST);
	unlink(LOCK_PATH);
}

static void take(void)
{
	struct err err = {.code = ERR_NONE};
	ck_assert_msg(lock_take(&lock, ".", "some.conf", &err) == 0, "%s", err.text);
}

static void write_lock(const char *text)
{
	FILE *file = fopen(LOCK_PATH, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	ck_assert_int_eq(fclose(file), 0);
}

/* A process of its own that takes the lock and waits; stdin of it ends it. */
static pid_t holder(int *end)
{
	int ready[2], done[2];
	char byte;
	ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(done, O_CLOEXEC), 0);
	const pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct err err;
		close(done[1]);
		if (lock_take(&lock, ".", "", &err) != 0)
			_exit(1);
		lock_describe(&lock, 7);
		(void)!write(ready[1], "", 1);
		(void)!read(done[0], &byte, 1);
		_exit(0);
	}
	close(done[0]);
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	*end = done[1];
	return pid;
}

START_TEST(test_free_without_a_file)
{
	struct lock_holder seen;
	ck_assert_int_eq(lock_look(".", &seen), LOCK_FREE);
	ck_assert_int_eq(lock_look("no/such/folder", &seen), LOCK_FREE);
	ck_assert_int_ne(access(LOCK_PATH, F_OK), 0);
}
END_TEST

START_TEST(test_holder_is_described)
{
	struct lock_holder seen;
	struct err err = {.code = ERR_NONE};
	struct lock second;
	char words[512], wanted[512], host[256], path[4096];
	int end;
	const pid_t pid = holder(&end);
	ck_assert_int_eq(lock_look(".", &seen), LOCK_ALIVE);
	ck_assert_int_eq(seen.process.pid, pid);
	ck_assert_int_eq(seen.cycle, 7);
	ck_assert_str_eq(seen.config, "");
	ck_assert(identity_alive(&seen.process));
	gethostname(host, sizeof(host));
	ck_assert_str_eq(seen.host, host);
	snprintf(wanted, sizeof(wanted), "host %s, pid %ld, since %s, cycle 7", host, (long)pid,
		 seen.since);
	ck_assert_str_eq(lock_words(&seen, words, sizeof(words)), wanted);
	ck_assert_int_eq(lock_take(&second, ".", "", &err), -1);
	ck_assert_int_eq(err.code, ERR_BUSY);
	ck_assert_int_eq(second.fd, -1);
	snprintf(path, sizeof(path), "./" LOCK_PATH ": another cycle has the repository: %s",
		 wanted);
	ck_assert_str_eq(err.text, path);
	close(end);
	waitpid(pid, NULL, 0);
}
END_TEST

START_TEST(test_dies_with_its_holder)
{
	struct lock_holder seen;
	int end;
	const pid_t pid = holder(&end);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(lock_look(".", &seen), LOCK_FREE);
	take();
	lock_release(&lock);
	ck_assert_int_eq(lock.fd, -1);
	lock_release(&lock);
	close(end);
}
END_TEST

START_TEST(test_config_is_absolute)
{
	struct lock_holder seen;
	char here[4000], wanted[4096];
	fclose(fopen("some.conf", "w"));
	take();
	ck_assert_int_eq(lock_look(".", &seen), LOCK_ALIVE);
	ck_assert_int_eq(seen.cycle, 0);
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	snprintf(wanted, sizeof(wanted), "%s/some.conf", here);
	ck_assert_str_eq(seen.config, wanted);
	lock_release(&lock);
}
END_TEST

/* Texts beside a lock that is held: none of them names its holder. */
static const char *const false_texts[] = {
	"",
	"host x\n",
	"end\n",
	"host %h\nboot 1-2\npid %p\nstart 1\nsince x\ncycle 1\nconfig \nend\n",
	"host elsewhere\nboot %b\npid %p\nstart %s\nsince x\ncycle 1\nconfig \nend\n",
	"host %h\nboot %b\npid 0\nstart %s\nsince x\ncycle 1\nconfig \nend\n",
	"host %h\nboot %b\npid -1\nstart %s\nsince x\ncycle 1\nconfig \nend\n",
	"host %h\nboot %b\npid 1\nstart %s\nsince x\ncycle 1\nconfig \nend\n",
	"host %h\nboot %b\npid %p\nstart 0\nsince x\ncycle 1\nconfig \nend\n",
	"host %h\nboot %b\npid %p\nstart %s\nsince x\ncycle 1\nconfig ",
	"\033]0;title\a\nhost \033[31m\nend\n",
};

/* Writes the text with what is true of this process put in. */
static void write_false(const char *text)
{
	struct identity self;
	char host[256] = "";
	ck_assert_int_eq(identity_of(getpid(), &self), 0);
	gethostname(host, sizeof(host));
	FILE *file = fopen(LOCK_PATH, "r+");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(ftruncate(fileno(file), 0), 0);
	for (; *text; text++) {
		if (*text != '%') {
			putc(*text, file);
			continue;
		}
		switch (*++text) {
		case 'h':
			fputs(host, file);
			break;
		case 'b':
			fputs(self.boot, file);
			break;
		case 'p':
			fprintf(file, "%ld", (long)self.pid);
			break;
		default:
			fprintf(file, "%lld", self.start);
		}
	}
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(test_false_texts_name_nobody)
{
	struct lock_holder seen;
	char words[512];
	take();
	write_false(false_texts[_i]);
	ck_assert_int_eq(lock_look(".", &seen), LOCK_UNSEEN);
	lock_words(&seen, words, sizeof(words));
	ck_assert_ptr_null(strchr(words, '\033'));
	lock_release(&lock);
	ck_assert_int_eq(lock_look(".", &seen), LOCK_FREE);
}
END_TEST

START_TEST(test_strange_files)
{
	struct lock_holder seen;
	struct err err = {.code = ERR_NONE};
	ck_assert_int_eq(symlink("/etc/passwd", LOCK_PATH), 0);
	ck_assert_int_eq(lock_take(&lock, ".", "", &err), -1);
	ck_assert_int_eq(err.code, ERR_SYSTEM);
	ck_assert_int_eq(lock_look(".", &seen), LOCK_FREE);
	unlink(LOCK_PATH);
	ck_assert_int_eq(mkdir(LOCK_PATH, 0755), 0);
	ck_assert_int_eq(lock_take(&lock, ".", "", &err), -1);
	ck_assert_int_eq(lock_look(".", &seen), LOCK_FREE);
	rmdir(LOCK_PATH);
	write_lock("what an older one wrote, or a disk that was full");
	take();
	ck_assert_int_eq(lock_look(".", &seen), LOCK_ALIVE);
	lock_release(&lock);
}
END_TEST

START_TEST(test_a_process_is_itself)
{
	struct identity self, other;
	ck_assert_int_eq(identity_of(getpid(), &self), 0);
	ck_assert(identity_alive(&self));
	other = self;
	other.start++;
	ck_assert(!identity_alive(&other));
	other = self;
	other.boot[0] ^= 1;
	ck_assert(!identity_alive(&other));
	const pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	siginfo_t info;
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(identity_of(pid, &other), 0);
	ck_assert(!identity_alive(&other)); /* ended, and not reaped yet */
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(identity_of(pid, &other), -1);
	ck_assert_int_eq(identity_of(0, &other), -1);
	ck_assert_int_eq(identity_of(-1, &other), -1);
}
END_TEST

START_TEST(test_taken_back)
{
	struct err err = {.code = ERR_NONE};
	struct lock_holder who;
	int end;
	take();
	ck_assert_int_eq(lock_take_back(&lock, ".", 4, &err), 0);
	ck_assert_int_eq(unlink(LOCK_PATH), 0);
	ck_assert_int_eq(lock_take_back(&lock, ".", 4, &err), 1);
	ck_assert_int_eq(lock_look(".", &who), LOCK_ALIVE);
	ck_assert_int_eq(who.cycle, 4);
	/* Somebody has another one in its place. */
	ck_assert_int_eq(unlink(LOCK_PATH), 0);
	const pid_t pid = holder(&end);
	ck_assert_int_eq(lock_take_back(&lock, ".", 4, &err), -1);
	ck_assert_int_eq(err.code, ERR_BUSY);
	ck_assert_int_eq(lock_look(".", &who), LOCK_ALIVE);
	ck_assert_int_eq(who.process.pid, pid);
	close(end);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(lock_take_back(&lock, ".", 4, &err), 1);
	lock_release(&lock);
}
END_TEST

START_TEST(test_jitter)
{
	ck_assert_int_eq(patience_jitter("a.conf", 0), 0);
	ck_assert_int_eq(patience_jitter("a.conf", 1), 0);
	int low = 0;
	for (int i = 0; i < 400; i++) {
		char name[32];
		snprintf(name, sizeof(name), "%d.conf", i);
		const int64_t ms = patience_jitter(name, 1000);
		ck_assert_int_ge(ms, 0);
		ck_assert_int_lt(ms, 1000);
		ck_assert_int_eq(ms, patience_jitter(name, 1000));
		low += ms < 500;
	}
	/* Spread over the time; outside of this by chance once in a million million. */
	ck_assert_int_gt(low, 130);
	ck_assert_int_lt(low, 270);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lock");
	TCase *cases = tcase_create("lock");
	tcase_add_checked_fixture(cases, setup, NULL);
	tcase_add_test(cases, test_free_without_a_file);
	tcase_add_test(cases, test_holder_is_described);
	tcase_add_test(cases, test_dies_with_its_holder);
	tcase_add_test(cases, test_config_is_absolute);
	tcase_add_loop_test(cases, test_false_texts_name_nobody, 0,
			    sizeof(false_texts) / sizeof(*false_texts));
	tcase_add_test(cases, test_strange_files);
	tcase_add_test(cases, test_a_process_is_itself);
	tcase_add_test(cases, test_taken_back);
	tcase_add_test(cases, test_jitter);
	suite_add_tcase(suite, cases);
	return run_suite(suite);
}
