/* What the files of the scene share. */
#pragma once

#include "tools/fogctl/scene.h"

/* Replaces an owned text; NULL becomes "". */
void scene_keep(char **to, const char *text);
void scene_put_event(struct scene *scene, const struct node *event);
void scene_forget_happened(struct scene *scene);
