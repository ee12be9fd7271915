/** The places between which a backfill may die: tests have it die at each. */
export const FAILPOINTS = ['stored', 'compared', 'kept', 'rewritten', 'committed', 'advanced'] as const
export type Failpoint = (typeof FAILPOINTS)[number]

/** Called at each step; what it throws is thrown there. */
export type OnFailpoint = (failpoint: Failpoint) => void | Promise<void>
