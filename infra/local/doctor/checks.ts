/** What a look at one thing came to. */
export interface Finding {
  /** `note`: nothing is wrong, but it is good to know. */
  mark: 'good' | 'note' | 'wrong'
  state: string
  /** What to do about it, as a sentence. */
  advice?: string
}

/** One thing that a start needs. */
export interface Check {
  what: string
  /** What it throws is wrong. It has a few seconds. */
  look(signal: AbortSignal): Finding | Promise<Finding>
}

export interface Found extends Finding {
  what: string
}

const LOOK_MS = 8_000

/** Looks at everything, side by side. */
export async function lookAt(checks: readonly Check[]): Promise<Found[]> {
  return await Promise.all(checks.map(async check => ({ what: check.what, ...(await findingOf(check)) })))
}

async function findingOf({ look }: Check): Promise<Finding> {
  const signal = AbortSignal.timeout(LOOK_MS)
  const { promise: late, reject } = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => reject(new Error(`no answer within ${LOOK_MS / 1_000} s`)), { once: true })
  try {
    return await Promise.race([look(signal), late])
  } catch (error) {
    return { mark: 'wrong', state: error instanceof Error ? error.message : String(error) }
  }
}
