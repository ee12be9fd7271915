import type { ModelSpec } from '@darkroom/contracts/model'
import type { CheckReport, CheckStep } from './check-connection.ts'

const SYMBOLS: Record<CheckStep['state'], string> = { works: '✓', unknown: '·', fails: '✗' }
const NAME_WIDTH = 7
/** Characters that would make a terminal do something: names of models are a server's own. */
const CONTROLS = /\p{Cc}/gu

/** Formats reports for a terminal: a table for each connection, with its models below. */
export function formatTables(reports: readonly CheckReport[]): string[] {
  return reports.flatMap(({ connection, steps, models }) => [
    connection,
    ...steps.map(({ name, state, detail }) => `  ${SYMBOLS[state]}  ${name.padEnd(NAME_WIDTH)}  ${detail}`),
    ...formatModels(models).map(line => `     ${line}`),
    '',
  ])
}

/** Formats reports as lines that programs can read: `connection  step  state  detail`. */
export function formatLines(reports: readonly CheckReport[]): string[] {
  return reports.flatMap(({ connection, steps, models }) => [
    ...steps.map(({ name, state, detail }) => [connection, name, state, detail].join('  ')),
    ...formatModels(models).map(line => [connection, 'model', line].join('  ')),
  ])
}

function formatModels(models: readonly ModelSpec[]): string[] {
  const rows = models.map(({ id, operations, sizes, price, retiresAt }) => {
    const facts = [operations.join(' '), `sizes: ${sizes.kind}`, `price: ${price.kind}`]
    return {
      id: id.replace(CONTROLS, '�'),
      facts: [...facts, ...(retiresAt === null ? [] : [`retires ${retiresAt.slice(0, 10)}`])],
    }
  })
  const width = Math.max(0, ...rows.map(({ id }) => id.length))
  return rows.map(({ id, facts }) => [id.padEnd(width), ...facts].join('  '))
}
