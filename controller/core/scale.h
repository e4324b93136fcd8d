/* The scale of a session: how many replicas it has, in the form that `kubectl scale` and
 * autoscalers know (autoscaling/v1), read and written below the object.
 *
 *     GET, PUT, PATCH /apis/fog/v1/harvestsessions/NAME/scale
 *     {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {…},
 *      "spec": {"replicas": 3}, "status": {"replicas": 2}} */
#pragma once

#include "controller/core/write.h"

struct node *scale_node(struct ctl *ctl, const struct object *session);

/* A write of the scale becomes a merge patch of the session.  False: see its failure. */
bool scale_to_patch(struct ctl *ctl, struct write_request *write);
