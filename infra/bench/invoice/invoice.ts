import { type BilledLoad, runBilledLoad } from '../../testing/invoice/billed-load.ts'
import { type BilledCall, compareInvoice } from '../../testing/invoice/compare-invoice.ts'
import { compareUsage } from '../../testing/invoice/compare-usage.ts'
import { startTestStack } from '../../testing/studio/test-stack.ts'
import { type BenchResult, buildResult, type Target } from '../kit/report.ts'

const CALLS = 2_000
const KILLS = 50
const SLOTS = '24'

const METHOD = [
  'What the studio says that each call costs, against the invoice of the provider, which no adapter can read. Clients submit, cancel and',
  'retry generations of three models: jobs by the id of the provider, jobs by an id of ours, and answers with bytes. Meanwhile the provider',
  'resets connections with and without having taken a call, refuses, fails, answers nonsense, breaks answers off and cancels too late,',
  'and the processor is killed. Two of three calls report a cost of their own; the others cost what the price list says.',
  '',
  '- **calls**: by their idempotency keys; one that was refused and made again is one call',
  '- **equal**: the ledger (reported, else estimated; 0 for a call that is not billed) is the invoice, to the micro-unit',
  '- **unknown**: the studio lists the call as one whose outcome is unknown; all differences are among these',
  '',
  'What `GET /api/usage` shows by model, connection and day is compared with the same calls, in sum; a difference is a contradiction.',
]

/** Runs a load with failures and kills, and compares the ledger with the invoice. */
export async function run(): Promise<BenchResult> {
  await using stack = await startTestStack({ env: { PROVIDER_CONCURRENCY: SLOTS } })
  const done = await runBilledLoad(stack, { seed: 'invoice', calls: CALLS, kills: KILLS, clients: Number(SLOTS) })
  const { calls, violations } = await compareInvoice(stack.sql, await stack.fake.readInvoice())
  violations.push(...(await compareUsage(stack, calls)))
  for (const violation of violations) process.stderr.write(`${violation}\n`)
  return createReport(done, calls, violations.length)
}

interface Row {
  name: string
  calls: readonly BilledCall[]
}

function createReport(done: BilledLoad, calls: readonly BilledCall[], violations: number): BenchResult {
  const byModel = [...Map.groupBy(calls, ({ model }) => model)].toSorted(([a], [b]) => a.localeCompare(b))
  const { generations, kills, cancels, retries } = done
  return buildResult<Row>({
    title: 'Invoice',
    method: [...METHOD, '', `${generations} generations, ${kills} kills, ${cancels} cancels, ${retries} retries.`],
    columns: {
      model: ({ name }) => name,
      calls: row => String(row.calls.length),
      'with a reported cost': row => String(row.calls.filter(({ isReported }) => isReported).length),
      'ledger, USD': row => sumMicros(row.calls, ({ ledger }) => ledger),
      'invoice, USD': row => sumMicros(row.calls, ({ invoice }) => invoice),
      equal: row => String(row.calls.filter(isEqual).length),
      unknown: row => String(row.calls.filter(({ isUnknown }) => isUnknown).length),
      'different and unknown': row => String(row.calls.filter(call => call.isUnknown && !isEqual(call)).length),
      'different and not unknown': row => String(row.calls.filter(call => !call.isUnknown && !isEqual(call)).length),
    },
    rows: [...byModel.map(([name, calls]) => ({ name, calls })), { name: 'all', calls }],
    targets: createTargets(done, calls, violations),
    samples: {},
  })
}

function createTargets({ kills }: BilledLoad, calls: readonly BilledCall[], violations: number): Target[] {
  return [
    {
      target: `${CALLS} calls with ${KILLS} kills`,
      reached: `${calls.length} calls, ${kills} kills`,
      met: calls.length >= CALLS * 0.95 && kills >= KILLS,
      isRequired: true,
    },
    {
      target: 'every call costs by the ledger what it costs by the invoice, or is listed as unknown',
      reached: `${violations} contradictions`,
      met: violations === 0,
      isRequired: true,
    },
  ]
}

function isEqual({ ledger, invoice }: BilledCall): boolean {
  return ledger === invoice
}

function sumMicros(calls: readonly BilledCall[], getMicros: (call: BilledCall) => number): string {
  return (calls.reduce((total, call) => total + getMicros(call), 0) / 1_000_000).toFixed(6)
}
