/** What a look at one thing came to. */
export interface CheckResult {
  /** `note`: nothing is wrong, but it is good to know. */
  status: 'good' | 'note' | 'wrong'
  detail: string
  /** What to do about it, as a sentence. */
  advice?: string
}

/** One thing that a start needs. */
export interface Check {
  name: string
  /** What it throws is wrong. It has a few seconds. */
  run(signal: AbortSignal): CheckResult | Promise<CheckResult>
}

export interface NamedCheckResult extends CheckResult {
  name: string
}

const CHECK_TIMEOUT_MS = 8_000

/** Looks at everything, side by side. */
export async function runChecks(checks: readonly Check[]): Promise<NamedCheckResult[]> {
  return await Promise.all(checks.map(async check => ({ name: check.name, ...(await runCheck(check)) })))
}

async function runCheck({ run }: Check): Promise<CheckResult> {
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS)
  const { promise: timedOut, reject } = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS / 1_000} s`)), {
    once: true,
  })
  try {
    return await Promise.race([run(signal), timedOut])
  } catch (error) {
    return { status: 'wrong', detail: error instanceof Error ? error.message : String(error) }
  }
}
