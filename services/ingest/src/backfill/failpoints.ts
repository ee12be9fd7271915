/** Steps of a backfill, after each of which tests kill it. */
export const FAILPOINTS = ['stored', 'compared', 'kept', 'rewritten', 'committed', 'advanced'] as const
export type Failpoint = (typeof FAILPOINTS)[number]

/** Called after each step; an error that it throws is thrown there. */
export type OnFailpoint = (failpoint: Failpoint) => void | Promise<void>
