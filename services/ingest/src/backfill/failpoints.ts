/** The places between which a backfill may die: tests have it die at each. */
export const STEPS = ['stored', 'compared', 'kept', 'rewritten', 'committed', 'advanced'] as const
export type Step = (typeof STEPS)[number]

/** Called at each step; what it throws is thrown there. */
export type AtStep = (step: Step) => void | Promise<void>
