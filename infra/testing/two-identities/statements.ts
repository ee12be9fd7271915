import type { Database } from '../../src/database/connection.ts'

/** Records the statements that a pool runs, as the driver reports them. */
export interface StatementRecorder {
  /** Runs `work`, and returns its result with the texts of the statements that the pool has run meanwhile, without their values. */
  record<T>(work: () => Promise<T>): Promise<{ result: T; statements: string[] }>
}

export function createStatementRecorder(database: Database): StatementRecorder {
  let statements: string[] = []
  const onStatement = (_connection: number, text: string) => statements.push(text.replaceAll(/\s+/g, ' ').trim())
  Object.assign(database.options, { debug: onStatement })
  return {
    record: async work => {
      statements = []
      const result = await work()
      const recorded = statements
      statements = []
      return { result, statements: recorded }
    },
  }
}
