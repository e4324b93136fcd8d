/* Every bound in one place: its name, its unit, and why it has this value.  What exceeds a bound is
 * refused, by name, before anything is allocated for it. */
#pragma once

enum {
    /* Text of manifests and requests. */
    YAML_DOCUMENT_BYTES_MAX = 1 << 20, /* a manifest is written by a person */
    YAML_NODES_MAX = 100000,           /* per document; libyaml alone would take what it is given */
    YAML_DOCUMENTS_MAX = 10000,        /* in one stream; each costs a parser */
    TREE_DEPTH_MAX = 64,               /* YAML and JSON; libyaml is quadratic in nesting */
    ANY_DEPTH_MAX =
        32, /* of a field that is kept as it is: lists and answers wrap objects further */
    JSON_BYTES_MAX = 32 << 20,    /* one request body or one change set */
    JSON_NODES_MAX = 2 << 20,     /* bounds memory: a byte or two of text can be a node */
    OBJECT_BYTES_MAX = 256 << 10, /* one object in its canonical form */
    PROBLEMS_MAX = 100,           /* reported at once; what follows is counted */
    MANIFEST_FILES_MAX = 1000,    /* in one folder given to fogctl */

    /* Names, as in Kubernetes (RFC 1123 subdomain; label values 63). */
    NAME_BYTES_MAX = 253,
    LABEL_KEY_BYTES_MAX = 253 + 1 + 63,
    LABEL_VALUE_BYTES_MAX = 63,
    LABELS_MAX = 64,
    ANNOTATIONS_MAX = 1024,
    ANNOTATIONS_BYTES_MAX = 256 << 10, /* all of an object's together */
    MANAGER_BYTES_MAX = 128,
    WORK_NAME_BYTES_MAX = 120, /* of agents and sessions: both, and a suffix, name an assignment */
    FINALIZERS_MAX = 16,
    OWNERS_MAX = 16,
    MANAGERS_MAX = 64, /* entries of managedFields; beyond, the oldest updates share one */
    CONDITIONS_MAX = 16,
    MESSAGE_TEXT_BYTES_MAX = 4 << 10, /* of a condition, a report or an event */

    /* HTTP. */
    HTTP_HEADER_BYTES_MAX = 8 << 10,
    HTTP_BODY_BYTES_MAX = 32 << 20,
    HTTP_CONNECTIONS_MAX = 4096,
    HTTP_HEADERS_MAX = 100,            /* lines in one head */
    HTTP_METHOD_BYTES_MAX = 16,        /* "OPTIONS" is the longest we know */
    HTTP_CHUNK_LINE_BYTES_MAX = 256,   /* size and extensions of one chunk of a request body */
    HTTP_BODIES_BYTES_MAX = 256 << 20, /* of all requests being received together; beyond: 503 */
    HTTP_AHEAD_BYTES_MAX = 64 << 10,   /* received of the next request while one is answered */
    HTTP_WRITE_BYTES = 64 << 10,       /* handed to the socket at once */
    HTTP_BODY_MS = 120 * 1000,         /* for a whole body: 32 MiB at 280 KB/s */
    HTTP_IDLE_MS = 120 * 1000,         /* between requests; kubectl lets go after 90 s */
    HTTP_QUEUED_BYTES_MAX = 512 << 20, /* that wait for all readers; then who has most is cut */
    HTTP_STALL_MS = 30 * 1000,         /* a reader that takes nothing for so long is closed */
    HTTP_LINGER_MS = 2 * 1000,         /* to read the last answer before the socket goes */
    LIST_LIMIT_MAX = 5000,             /* objects in one page; kubectl asks for 500 */
    CHANGES_MAX = 4096,                /* objects in one change set */
    JSON_PATCH_OPS_MAX = 10000,        /* operations of one JSON patch */
    JSON_PATCH_WORK_MAX = 1 << 20,     /* nodes that they search, shift and copy together */
    WATCHERS_MAX = 1024,
    WATCH_BOOKMARK_MS = 60 * 1000,     /* who asks for bookmarks is told one so often: it lives */
    WATCH_BACKLOG_BYTES_MAX = 4 << 20, /* a slower reader is closed and resumes by revision */
    WEBSOCKET_PING_MS = 30 * 1000,     /* who does not answer until the next is gone */
    WATCH_RING_EVENTS = 8192,          /* newest changes kept in memory for watchers that resume */
    REVIEW_BYTES_MAX = 64 << 10,       /* a question who may do what */
    REVIEW_TEXT_BYTES_MAX = 1 << 10,   /* one word of it, or a path */
    IDEMPOTENCY_KEY_BYTES_MAX = 128,
    IDEMPOTENCY_KEYS_MAX = 4096,      /* remembered answers; the oldest goes first */
    IDEMPOTENCY_BYTES_MAX = 64 << 20, /* of all of them; the newest is kept in any case */
    EVENTS_MAX = 4096,                /* core/v1 events kept */
    CONFLICTS_MAX = 4096,             /* between sources, that are told of one by one */
    TOMBSTONES_MAX =
        CHANGES_MAX, /* beyond, the oldest of what no file says any more is forgotten */

    /* The agent link. */
    FRAME_BYTES_MAX = 64 << 10,       /* one WebSocket frame */
    MESSAGE_BYTES_MAX = 1 << 20,      /* one message, from however many frames */
    ASSIGNMENT_BYTES_MAX = 512 << 10, /* one rendered assignment */
    MESSAGE_ASSIGNMENTS_MAX = 256,    /* in one assign message; more are split */
    MESSAGE_REPORTS_MAX = 256,
    LINK_BACKLOG_BYTES_MAX = 4 << 20, /* waiting for one agent; beyond, it is hung up */
    BAD_MESSAGES_MAX = 8,             /* answered and counted; then the link is hung up */
    HANDSHAKE_MS = 10 * 1000,
    HELLO_MS = 5 * 1000,
    AGENTS_MAX = 20000,
    ASSIGNMENTS_PER_AGENT_MAX = 1024,
    ASSIGNMENTS_BYTES_MAX = 64 << 20, /* of one agent together, as they came over the link */
    UID_BYTES_MAX = 63,
    WIRE_TEXT_BYTES_MAX = 1024,        /* a sentence for a person */
    WIRE_WORD_BYTES_MAX = 64,          /* version, platform, boot id, store id */
    LOG_STREAMS_MAX = 16,              /* followed at once, per agent */
    LOG_BACKLOG_BYTES_MAX = 256 << 10, /* of log lines on their way; more are dropped, counted */
    LOG_TAIL_MAX = 1000 * 1000,        /* lines */
    RENEWALS_WAITING_MAX = 8,          /* unanswered requests that an agent remembers */
    REPORT_SEQS_RESERVED = 1000,       /* numbers saved ahead, so that a report costs no write */

    /* Time. */
    HEARTBEAT_MIN_MS = 2 * 1000, /* the interval grows with the fleet */
    HEARTBEAT_PER_AGENT_MS = 10, /* 100 heartbeats per second at most, up to the longest interval */
    HEARTBEAT_MAX_MS = 30 * 1000,
    HEARTBEATS_MISSED_MAX = 3,   /* then the link counts as dead, on either side */
    SENSORS_TELL_MS = 30 * 1000, /* a heartbeat has readings this often, and when one has moved */
    IDLE_TELL_MS = 2000,         /* somebody came when it is so much less than it would be by now */
    UTC_OFFSET_MAX = 24 * 60,    /* minutes */
    LOCAL_TIME_TELL_MS = 2000,   /* and when the machine's clock jumped, or its zone changed */
    RECONNECT_MIN_MS = 250,      /* jittered, doubled up to the maximum */
    RECONNECT_MAX_MS = 30 * 1000,
    RESTART_MIN_MS = 1000, /* of a failed workload; jittered, doubled */
    RESTART_MAX_MS = 5 * 60 * 1000,
    FETCH_AGAIN_MAX_MS = 30 * 1000,    /* of an artifact, which may be stored at any time */
    RESTART_RESET_MS = 10 * 60 * 1000, /* running this long forgets earlier failures */
    SAVE_RETRY_MIN_MS = 1000,          /* after the agent's disk refused; doubled */
    SAVE_RETRY_MAX_MS = 30 * 1000,
    PERIOD_MS = 60 * 60 * 1000,    /* an accounting period is cut after so long, if connected */
    PERIOD_AGAIN_MS = 60 * 1000,   /* and said again after so long, if it was not taken in */
    PERIOD_SESSIONS_MAX = 64,      /* in one; those of further sessions come with the next */
    PERIOD_OPEN_MAX = 4096,        /* sessions that wait for it; more are not counted */
    PERIODS_AHEAD_MAX = 1 << 30,   /* no controller has taken in so many more than were cut */
    USAGE_SAVE_MS = 5 * 60 * 1000, /* the most of a run's usage that an agent's crash may forget */
    STRAY_GRACE_MS = 10 * 1000,    /* for a workload of which nothing is known but that it runs */
    BREAKER_FAILURES = 5,          /* failed starts in a row on one agent */
    BREAKER_OPEN_MS = 60 * 1000,   /* then one probe is let through */
    LEASE_MARGIN_MS = 500,         /* beyond a lease's end: to kill and reap */
    LEASE_DRIFT_SHARE = 1000,      /* two clocks may part by this part of a lease: 500 ppm each */
    ERAS_MAX = 4096,    /* of one store: revisions stay below 2^53, where JavaScript reads them */
    INSTANCE_BEATS = 2, /* without a heartbeat, then another machine with the same key may come */
    INSTANCE_TELL_MS = 10 * 60 * 1000, /* between two events that say so */
    STOP_WAIT_MS = 30 * 1000,  /* beyond the grace, for an agent to say that something has ended */
    WHY_REFRESH_MS = 5 * 1000, /* why nothing could be placed is found out anew this long after
                                  agents came or went */
    HELD_LOOK_MS = 10 * 1000,  /* a task that is held back for too long is offered to others this
                                  often */
    HELD_DOUBLINGS_MAX = 10,   /* of the time after which it moves, when moving helped nothing */
    EXAMINE_PER_MS = 100,      /* a session with many replicas is examined again only after one
                                  millisecond for each so many of them, */
    EXAMINE_FEW = 1000,        /* and for those beyond so many copies */
    EXAMINE_MANY_PER_MS = 10,  /* after one more for each so many */

    /* A step of the controller. */
    TEMPLATES_SPARE = 64,       /* kept in memory although no assignment has them */
    STEP_STORES_MAX = 512,      /* derived rows; the rest waits for the next step */
    STEP_EXAMINE_MAX = 40000,   /* copies that the reconciler looks at, till the next step */
    RECONCILE_PASSES_MAX = 4,   /* over sessions that others' changes made dirty, in one step */
    BATCHES_WAITING_MAX = 1024, /* not yet committed; beyond, writes get 429 */
    TRIAL_EXAMINE_MAX = 20000,  /* copies that a dry run looks at wave by wave; then all at once */
    PLAN_EXAMINE_MAX = 60000,   /* copies that it looks at, till it looks at no other session */
    PLAN_COPIES_PER_STEP = 3,   /* that cost as much as one that is started or changed, */
    PLAN_AGENTS_PER_COPY = 8,   /* and agents that cost as much as one copy */
    PLAN_LINES_MAX = 10000,     /* told of its changes, and of what stays pending */
    PLAN_BYTES_MAX = 8 << 20,   /* of those lines together, about */
    RECONCILE_LOG_NOTES = 256,  /* newest steps that decided something, in memory */
    RECONCILE_NOTE_NAMES = 8,   /* sessions and decisions told of one; the rest is counted */
    STATE_DUMP_BYTES_MAX = 256 << 20, /* all of it is in memory at once */
    STEP_SLOW_MS = 250,               /* a step that takes longer is told in the log */

    /* Alerts. */
    ALERT_INTERVAL_MS = 5 * 1000,   /* between two evaluations of all rules */
    ALERT_RECEIVERS_MAX = 8,        /* of one rule */
    ALERT_UNSENT_MAX = 64,          /* beyond, a rule stays in its state */
    ALERT_SENDS_MAX = 16,           /* on their way at once, of all rules */
    WEBHOOKS_MAX = 64,              /* the same of what several cores, one after the other, sent */
    WEBHOOK_TIMEOUT_MS = 10 * 1000, /* when a receiver does not say */
    WEBHOOK_TIMEOUT_MAX_MS = 30 * 1000,
    WEBHOOK_ANSWER_BYTES_MAX = 1 << 20,
    ALERT_ANSWER_MS = 60 * 1000, /* then what nobody answered is tried again */
    ALERT_SUMMARY_BYTES_MAX = 1024,
    ALERT_VALUE_BYTES_MAX = 512,
    ALERT_ID_BYTES_MAX = 127,
    ALERT_URL_BYTES_MAX = 1024,

    /* The config directory. */
    DIRECTORY_RETRY_MS = 5 * 1000,  /* what it says cannot be carried out now: tried again */
    DIRECTORY_BYTES_MAX = 16 << 20, /* of all its files; read again and again */
    DIRECTORY_FOLDERS_MAX = 256,    /* in it */
    DIRECTORY_DEPTH_MAX = 8,        /* of them; a link may lead back up */
    CONFIGDIR_SETTLE_MS = 300,      /* between two looks that must find the same */
    CONFIGDIR_LOOK_MS = 10 * 1000,  /* between two looks without an event of the file system */
    CONFIGDIR_MISSING_MS = 1000,    /* as long as there is none to be watched */
    CONFIGDIR_WATCHES_MAX = 64,     /* folders that are watched; the others are looked at */

    /* The state directory. */
    BALLAST_BYTES = 4 << 20,     /* given back when the disk is full, so that work can be stopped */
    SPACE_SPARE_BYTES = 4 << 20, /* free beside the ballast before writes are taken again */
    SPACE_CHECK_MS = 5 * 1000,

    /* Blobs. */
    BLOBS_MAX = 100 * 1000,             /* files; each costs some 200 bytes of memory */
    BLOB_TRANSFERS_MAX = 64,            /* uploads and downloads at once; beyond: 429 */
    BLOB_PARTIALS_MAX = 64,             /* unfinished uploads; the one that is idle longest goes */
    BLOB_PIECE_BYTES = 256 << 10,       /* read or written at once; a transfer has two in memory */
    BLOB_PARTIAL_MS = 60 * 60 * 1000,   /* an unfinished upload may be taken up again for so long */
    BLOB_KEEP_MS = 24 * 60 * 60 * 1000, /* what nothing refers to is kept, unless told otherwise */
    BLOB_KEEP_MIN_MS = 60 * 60 * 1000,  /* for all outputs of a run to be stored, one after the
                                           other, and to be told: within HEARTBEATS_MISSED_MAX
                                           beats, or its agent is cut off and stores them again */
    BLOB_WATCH_MS = 10 * 60 * 1000,     /* and was seen to be unneeded for so long */
    BLOB_LOOK_MS = 60 * 1000,           /* between two looks for what may go */
    BLOB_CHORES_MAX = 1024,             /* files removed or touched after one look */
    BLOB_USERS_SHOWN = 16,              /* of the objects that refer to one */

    /* The store. */
    READ_CHUNK_BYTES_MAX = 1 << 20, /* of history in one result; the rest is read after it, and
                                       a watch is told it within WATCH_BACKLOG_BYTES_MAX */
    READ_PAST_NAMES_MAX = 4096,     /* looked at for one result about the past */
    PASTS_MAX = 32,                 /* requests about the past under way */
    PASTS_BYTES_MAX = 256 << 20,    /* of memory that they hold together until they are answered,
                                       besides the chunk that each of them may be reading */
    PAST_PAGE_BYTES_MAX = 16 << 20, /* of bodies in one page; the next one has the rest */
    PAST_OBJECT_TIMES = 8,          /* an object takes so many times its body, at the most, … */
    PAST_OBJECT_BYTES = 8 << 10,    /* … and this: held back before it is decoded */
    STORE_WAL_PAGES_MAX = 4096,     /* 16 MiB: then it is moved even when the writer is busy */
    COMPACT_ROWS_MAX = 256,      /* that one slice of compaction goes past: commits wait for it */
    COMPACT_BYTES_MAX = 1 << 20, /* of their bodies, about: what goes is as large as these */
    STORE_SPARE_PAGES = 4096,    /* unused ones stay in the file, up to as many as are in use */
    HISTORY_FORMS_MAX = 10,      /* of a session that is there: undo goes back to them at any age */
    HISTORY_LOOK_MS = 60 * 1000, /* between two looks for what may go */
    HISTORY_HOLD_MS =
        24 * 3600 * 1000,     /* at most, after the clock was set forward, nothing is old */
    STORE_FINDINGS_MAX = 100, /* of a check, shown; the rest is counted */

    /* Workloads. */
    REPLICAS_MAX = 10000,
    TASKS_MAX = 10000,                  /* of one session; its record of them stays below 128 KiB */
    TASKS_PARALLEL_MAX = 1000,          /* at once; each plan of the session looks at all of them */
    TASK_RESULTS_BYTES_MAX = 160 << 10, /* what a session's status may tell of tasks' outputs */
    TASK_RESULT_BYTES = 40,             /* of it, for each task that has outputs, */
    TASK_OUTPUT_BYTES = 150,            /* and for each output, beside its path */
    TASK_RECORD_BYTES_MAX = 176 << 10,  /* that and the lists of indexes, together */
    TASK_INDEX_BYTES = 10,              /* of it, for each task: in two lists */
    TASK_FAILURES_MAX = 16,             /* told of in a session's status, the newest */
    TASK_ENDS_BYTES_MAX = 16 << 10,  /* of who ended which tasks how, beside the lists of indexes */
    TASK_ENDS_MAX = 512,             /* entries of it: each takes 64 bytes and more */
    TASK_INDEXES_MAX = 32 << 10,     /* bytes of a list such as "0-57,60": two of every three */
    TASK_OPINIONS_BYTES = 68 << 10,  /* opinions and voters of a session's status, see below */
    SESSION_STATUS_BYTES = 24 << 10, /* all else of it: two conditions with messages of 4 KiB
                                        of quotes, a short one, 16 failures, counts */
    TASK_QUORUM_RESULTS_BYTES_MAX = 96 << 10, /* as TASK_RESULTS_BYTES_MAX, with a quorum */
    TASK_QUORUM_MAX = 16,                     /* results of one task that may have to agree */
    TASK_OPINIONS_MAX = 160,   /* results in a session's status that wait for others, 51 KiB */
    TASK_OPINIONS_BESIDE = 64, /* beside results of before there was a quorum, if they are many */
    TASK_VOTERS_MAX = 128,     /* agents of which a session keeps how often they agreed, 31 KiB */
    REPUTE_STEP = 5,           /* points that a reputation moves before it is stored again */
    REPUTE_AT_ONCE_MAX = 20,   /* failures that one report can tell of: older ones have faded */
    TASK_TRUST_AFTER = 10,     /* valid results in a row, after which one of an agent suffices */
    GANG_MEMBERS_MAX = 100,    /* all begin in one batch */
    GANG_HELD_MAX = 1000,      /* agents of which a gang remembers that they held it */
    GANG_DEADLINE_MIN_MS = 5 * 1000,
    ROLLOUT_DEADLINE_MIN_MS = 1000,
    BURSTS_MAX = 4,            /* gangs placed and not yet complete, unless told otherwise */
    BURSTS_TOLD_MAX = 1 << 20, /* as many as anybody can ask for */
    COMMAND_WORDS_MAX = 256,
    COMMAND_BYTES_MAX = 64 << 10,
    ENVIRONMENT_MAX = 256,
    ARTIFACTS_MAX = 64,  /* and outputs */
    DRIFT_ROWS_MAX = 16, /* sorts of drift that are told of an assignment */
    WORK_PATH_BYTES_MAX = 1024,
    CORES_MAX = 1024,
    PIDS_MAX = 32768, /* the kernel's own default */
    REQUIREMENTS_MAX = 32,
    WHERE_BYTES_MAX = 4 << 10,          /* of one expression; a person writes it */
    WHERE_STEPS_MAX = 256,              /* tests and operators of it */
    WHERE_DEPTH_MAX = 32,               /* operators that wait for one another */
    WHERE_VALUES_MAX = 256,             /* of one list */
    WHERE_NAMES_MAX = 64,               /* fields that can be asked for */
    WHERE_NUMBER_BYTES_MAX = 24,        /* digits and point of a number */
    WHERE_PROBLEMS_SHOWN = 8,           /* in one line */
    ROSTER_KEYED_MAX = WHERE_STEPS_MAX, /* columns of labels and conditions: as one may name */
    SELECTOR_EXPRESSIONS_MAX = 32,
    SELECTOR_VALUES_MAX = 64,
    WINDOWS_MAX = 64,
    RETRIES_MAX = 1000,
    FAILURES_COUNTED_MAX = 1 << 20, /* in a row; more are as many: agents can claim anything */
    LEASE_MIN_MS = 3 * 1000,        /* renewed at a third of it, so once a second at most */
    LEASE_MAX_MS = 60 * 60 * 1000,
    REPLACE_MIN_MS = 1000,
    GRACE_MAX_MS = 10 * 60 * 1000,
    HELD_GRACE_MAX_MS = 30 * 1000, /* of work that ends while its policy or its owner holds it */
    CHECKPOINT_GRACE_MIN_MS = 100, /* between a workload's signal and its suspension, */
    CHECKPOINT_GRACE_MAX_MS = 10 * 1000, /* as long as whoever came back has to bear it */
    CHECKPOINT_EVERY_MS = 60 * 1000, /* between two such signals to one run; else frozen at once */
    WORK_TIME_MAX_MS = 7 * 24 * 60 * 60 * 1000, /* other times in policies and sessions */
    LOG_FILE_BYTES_MAX = 1 << 20,               /* per workload; rotated, two are kept */
    LOG_CHUNK_BYTES_MAX = 16 << 10,

    /* A machine with an agent. */
    PROCESSES_MAX = 1 << 17,        /* looked at in one pass over /proc */
    POLICY_STEP_MS = 1000,          /* what a policy governs is judged at least this often */
    READINGS_AWAITED_MS = 3 * 1000, /* by an agent that starts, till what runs is suspended */
    WORD_MS = 1000,                 /* between two words of an agent to each of its shims */
    SILENCE_MIN_MS = 3 * WORD_MS,   /* no shim takes less for an agent that watches nothing */
    POLICY_CHANGES_MAX = 16,        /* of one piece of work, until they are acknowledged */
    REPORT_CHANGES_MAX = 256,       /* in one report */
    SENSORS_STALE_MS = 30 * 1000, /* an older reading is told as unknown; policies have their own */
    SENSOR_DWELL_MS = 10 * 1000,  /* a sensor that told nothing must have told something for so long
                                     before work that ran goes on */
    SENSORS_UNKNOWN_MAX = 64,     /* names in one heartbeat; a newer agent may have more sensors */
    SHIM_CONNECTIONS_MAX = 8,
    SHIM_LINE_BYTES_MAX = 1024,      /* one message on a shim's control socket */
    SHIM_SPEC_BYTES_MAX = 4 << 20,   /* an assignment, escaped */
    SHIM_SAMPLE_MS = 1000,           /* between two looks at a workload's processes */
    SHIM_DRIFT_MS = 2000,            /* between two looks for what somebody else changed */
    SHIM_DUTY_MS = 100,              /* the period of the processor limit */
    SHIM_KILL_MS = 20,               /* between two KILLs, until nothing is left */
    CGROUP_FILE_BYTES_MAX = 1 << 20, /* one of a control group's files: its processes, at most */
    CGROUPS_INSIDE_MAX = 4096,       /* that a workload made inside its own */
    CGROUPS_SWEPT_MAX = 4096,        /* of an agent, without a run */
    LOGS_KEPT_MAX = 32,              /* logs of assignments without a run; the oldest goes first */
    PROGRAMS_MAX = 64,               /* of the owner's that want the machine for themselves */
    PROGRAM_BYTES_MAX = 255,
    STATE_BYTES_MAX = 64 << 20, /* an agent's saved state */
};

/* One blob, and all of them together unless told otherwise. */
#define BLOB_BYTES_MAX   ((int64_t)4 << 30)
#define BLOB_QUOTA_BYTES ((int64_t)16 << 30)
#define BLOB_CACHE_BYTES ((int64_t)4 << 30) /* of an agent */

/* Of the numbers of an agent's connections.  What claims to be beyond is answered and not followed,
 * so that one false hello or welcome does not use up the numbers of all true ones after it. */
#define EPOCH_FOLLOWED_MAX ((int64_t)1 << 62)
