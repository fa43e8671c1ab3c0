/* The paths that a scanner looks for, as a tree of their parts. Used by scan.c alone. */
#ifndef PLUGINS_SCAN_TREE_H
#define PLUGINS_SCAN_TREE_H

#include <stdbool.h>
#include <stddef.h>

enum {
	TREE_NODES = 256,
	TREE_NONE = -1,
};

struct tree_node {
	const char *key; /* not NUL ended */
	size_t length;
	bool star;   /* fits any key and any element */
	bool below;  /* a star, or below one */
	int path;    /* which path ends here, or TREE_NONE */
	int child;   /* the first, or TREE_NONE */
	int sibling; /* the next, or TREE_NONE */
};

struct tree {
	struct tree_node nodes[TREE_NODES]; /* the first one is the root */
	int count;
};

/* The paths must stay. More than there is room for are a bug. */
void tree_init(struct tree *tree, const char *const *paths, int npaths);
/* The child of `parent` that a key fits, or TREE_NONE. */
int tree_child(const struct tree *tree, int parent, const char *key, size_t length);
/* The child that stands for any element, or TREE_NONE. */
int tree_star(const struct tree *tree, int parent);

#endif
