#include "plugins/scan_tree.h"

#include <string.h>

#include "fsm/bug.h"

static int add_node(struct tree *tree, int parent, const char *key, size_t length)
{
	BUG_ON(tree->count >= TREE_NODES);
	struct tree_node *node = &tree->nodes[tree->count];
	*node = (struct tree_node){.key = key, .length = length, .path = TREE_NONE};
	node->star = length == 1 && *key == '*';
	node->below = node->star || (parent != TREE_NONE && tree->nodes[parent].below);
	node->child = TREE_NONE;
	node->sibling = TREE_NONE;
	if (parent != TREE_NONE) {
		node->sibling = tree->nodes[parent].child;
		tree->nodes[parent].child = tree->count;
	}
	return tree->count++;
}

static int child_named(const struct tree *tree, int parent, const char *key, size_t length)
{
	int at = tree->nodes[parent].child;
	while (at != TREE_NONE &&
	       (tree->nodes[at].length != length || memcmp(tree->nodes[at].key, key, length) != 0))
		at = tree->nodes[at].sibling;
	return at;
}

static void add_path(struct tree *tree, const char *path, int number)
{
	int at = 0;
	while (*path) {
		const size_t length = strcspn(path, ".");
		int next = child_named(tree, at, path, length);
		if (next == TREE_NONE)
			next = add_node(tree, at, path, length);
		at = next;
		path += length + (path[length] == '.');
	}
	tree->nodes[at].path = number;
}

void tree_init(struct tree *tree, const char *const *paths, int npaths)
{
	tree->count = 0;
	add_node(tree, TREE_NONE, "", 0);
	for (int i = 0; i < npaths; i++)
		add_path(tree, paths[i], i);
}

int tree_star(const struct tree *tree, int parent)
{
	for (int at = tree->nodes[parent].child; at != TREE_NONE; at = tree->nodes[at].sibling)
		if (tree->nodes[at].star)
			return at;
	return TREE_NONE;
}

int tree_child(const struct tree *tree, int parent, const char *key, size_t length)
{
	const int named = child_named(tree, parent, key, length);
	return named != TREE_NONE ? named : tree_star(tree, parent);
}
