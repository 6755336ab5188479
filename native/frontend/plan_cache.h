/* plan_cache.h - a launch plan that the control plane has made before, for exactly these words. */
#ifndef PLAN_CACHE_H
#define PLAN_CACHE_H

struct cached_plan {
	int descriptor; /* of the plan, at its beginning; close-on-exec */
	int rest;	/* index in argv of the command's first word; argc where the image's own is meant */
};

/*
 * Looks for a plan of the installation in this folder, whose inputs are all as they were. Returns 0, or -1:
 * then the control plane has to make one, whatever the reason. Nothing is changed.
 */
int find_cached_plan(const char *installation, int argc, char *argv[], struct cached_plan *found);

#endif
