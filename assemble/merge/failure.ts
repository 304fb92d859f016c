/** Ends a merge; it never leaves this directory. */
export class MergeFailure extends Error {}
