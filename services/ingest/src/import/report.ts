import type { ImportMessage, ImportReport } from '@darkroom/contracts/history/import-report'
import type { ImportNotes } from './notes.ts'
import type { RecordError } from './record.ts'
import { toPrintable } from './to-printable.ts'

/** Most failures that the report names. */
const MAX_FAILURES = 1_000

/** The outcomes of an import so far. */
export interface ImportLog {
  readonly records: number
  add(outcome: 'imported' | 'known', count: number): void
  addFailure(name: string, error: RecordError): void
  createReport(end: { dryRun: boolean; isComplete: boolean; seconds: number }): ImportReport
}

/** Creates the log of an import. Each failure is sent at once. */
export function createImportLog(notes: ImportNotes, send: (message: ImportMessage) => void): ImportLog {
  const counts = { imported: 0, known: 0, failed: 0 }
  const failures: ImportReport['failures'] = []
  return {
    get records() {
      return counts.imported + counts.known + counts.failed
    },
    add: (outcome, count) => {
      counts[outcome] += count
    },
    addFailure: (name, { message }) => {
      const reason = message.startsWith(`${name} `) ? message.slice(name.length + 1) : message
      const failure = { name: toPrintable(name), reason: toPrintable(reason) }
      counts.failed += 1
      if (failures.length < MAX_FAILURES) failures.push(failure)
      send({ type: 'failure', failure })
    },
    createReport: end => ({
      ...counts,
      failures,
      unknownKeys: notes.unknownKeys.toObject(toPrintable),
      passedOver: notes.passedOver.toObject(toPrintable),
      leftOut: notes.leftOut.toObject(toPrintable),
      ...end,
    }),
  }
}
