/* Files with secrets: only their owner can read them, and that is us. */
#ifndef CONF_OWN_FILE_H
#define CONF_OWN_FILE_H

#define OWN_FILE_MOST 65536

/* Reads the file into text[OWN_FILE_MOST + 1], NUL ended. NULL, or what is wrong: it is missing, no
 * regular file, someone else's, open to others, too large, or not UTF-8. What is in text is the
 * caller's to wipe, also after a failure. */
const char *own_file_read(const char *path, char *text);

#endif
