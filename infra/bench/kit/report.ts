import { availableParallelism, totalmem } from 'node:os'

/** What a benchmark found. */
export interface Report {
  title: string
  /** What was compared, and how. */
  method: string[]
  machine: string
  columns: string[]
  rows: string[][]
  /** Each target, and what was reached of it. */
  targets: { target: string; reached: string; met: boolean }[]
  /** Everything measured, by arm: a number a round. */
  rounds: Record<string, number[]>
}

/** The machine, so far as it matters for the numbers. */
export function describeMachine(): string {
  const memory = Math.round(totalmem() / 1024 ** 3)
  return `${availableParallelism()} cores, ${memory} GB of memory, Bun ${Bun.version}, ${process.platform} ${process.arch}`
}

export function toMarkdown({ title, method, machine, columns, rows, targets }: Report): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  const table = [line(columns), line(columns.map(() => '---')), ...rows.map(line)]
  const targetLines = targets.map(
    ({ target, reached, met }) => `- ${target}: ${reached}, ${met ? 'met' : '**not met**'}`,
  )
  return `${[`# ${title}`, '', ...method, '', `Machine: ${machine}.`, '', ...table, '', ...targetLines].join('\n')}\n`
}
