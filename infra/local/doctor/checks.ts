/** Result of one check. */
export interface CheckResult {
  /** `note`: not an error, but worth knowing. */
  status: 'good' | 'note' | 'wrong'
  detail: string
  /** Sentence for the user: the way to fix it. */
  advice?: string
}

/** Check of one requirement of a start. */
export interface Check {
  name: string
  /** Runs the check. An error counts as `wrong`, and so does no result within `CHECK_TIMEOUT_MS`. */
  run(signal: AbortSignal): CheckResult | Promise<CheckResult>
}

export interface NamedCheckResult extends CheckResult {
  name: string
}

const CHECK_TIMEOUT_MS = 8_000

/** Runs all checks concurrently. */
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
