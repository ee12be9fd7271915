import { LOCAL_OWNER } from '../../src/http/identity.ts'
import type { CallContext } from './call-context.ts'
import { readCallSnapshots } from './call-snapshots.ts'
import { type AnswerReport, checkAnswers } from './check-answers.ts'
import { checkUnknownOutcomes, type UnknownReport } from './check-unknown.ts'
import type { CheckedStudio } from './checked-studio.ts'
import type { GenerationSnapshot } from './generation-snapshots.ts'

export interface CallReport extends Omit<AnswerReport, 'violations'>, Omit<UnknownReport, 'violations'> {
  violations: string[]
}

/** Checks I13 against the provider's own log of its answers, the lives of the processors and the faults of the network. */
export async function checkCalls(
  { sql, fake, proxies, services, client }: Pick<CheckedStudio, 'sql' | 'fake' | 'proxies' | 'services' | 'client'>,
  generations: Map<string, GenerationSnapshot>,
): Promise<CallReport> {
  const context: CallContext = {
    answers: (await fake.readRequestLog()).answers,
    faultPeriods: proxies.provider.faultPeriods,
    lives: services.flatMap(({ lives }) => lives),
    log: client.log,
  }
  const calls = await readCallSnapshots(sql, LOCAL_OWNER.workspaceId)
  const unknown = checkUnknownOutcomes(context, calls, generations)
  const answers = checkAnswers(context, calls, generations)
  return { ...answers, ...unknown, violations: [...unknown.violations, ...answers.violations] }
}
