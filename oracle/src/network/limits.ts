/** Longest message of a task's topic, bytes: a hundred times what a segment usually takes. */
export const MAX_MESSAGE_BYTES = 1_048_576;

/** c is at most this (DESIGN section 1). */
export const MAX_SEGMENT_LENGTH = 64;

/** A task has at most this many slots (`TaskParameters.slots`). */
export const MAX_SLOTS = 80;
