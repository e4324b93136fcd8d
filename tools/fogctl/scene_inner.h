/* What the files of the scene share. */
#pragma once

#include "tools/fogctl/scene.h"

/* Replaces an owned text; NULL becomes "". */
void scene_keep(char **to, const char *text);
int64_t scene_int_at(const struct node *map, const char *key);
bool scene_bool_at(const struct node *map, const char *key);
/* NULL: it has none of that type; borrowed. */
const struct node *scene_condition_of(const struct node *status, const char *type);
const char *scene_name_of(const struct node *object);

/* An agent that is not known is made; its work may be heard of first. */
struct scene_agent *scene_agent_get(struct scene *scene, const char *name);
/* Ends it if nothing is known of it any more. */
void scene_agent_drop(struct scene *scene, struct scene_agent *agent);
void scene_free_agent(struct scene_agent *agent);
void scene_put_agent(struct scene *scene, const struct node *object);
void scene_remove_agent(struct scene *scene, struct scene_agent *agent);
/* Out of the totals before it is changed, and in again, judged anew. */
void scene_take_out(struct scene *scene, const struct scene_agent *agent);
void scene_put_back(struct scene *scene, struct scene_agent *agent);
/* Finds its state, the reason, and how much runs there. */
void scene_judge(struct scene_agent *agent);

void scene_put_event(struct scene *scene, const struct node *event);
void scene_forget_happened(struct scene *scene);
