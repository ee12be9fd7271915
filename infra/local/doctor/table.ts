import type { CheckResult, NamedCheckResult } from './checks.ts'

const STATUS_STYLES: Record<CheckResult['status'], { symbol: string; color: number }> = {
  good: { symbol: '✓', color: 32 },
  note: { symbol: '·', color: 33 },
  wrong: { symbol: '✗', color: 31 },
}
const HEADINGS: NamedCheckResult = { name: 'what', status: 'good', detail: 'state', advice: 'what to do' }
const MAX_DETAIL_WIDTH = 44

/** Formats the results as a table of name, state and advice. A state too long for its column moves the advice down a line. */
export function formatTable(results: readonly NamedCheckResult[], isColored: boolean): string {
  const paint = (code: number, text: string) => (isColored ? `\u001b[${code}m${text}\u001b[0m` : text)
  const nameWidth = getMaxLength(results.map(row => row.name))
  const detailWidth = Math.min(
    MAX_DETAIL_WIDTH,
    getMaxLength([HEADINGS, ...results].map(row => getFirstLine(row.detail))),
  )
  const line = (row: NamedCheckResult, symbol: string) => {
    const [first = '', ...more] = row.detail.split('\n')
    const indent = ' '.repeat(nameWidth + 7)
    const advice = row.advice
      ? [first.length > detailWidth ? `\n${indent}${' '.repeat(detailWidth)}` : '', `  ${row.advice}`]
      : []
    const head = `  ${symbol}  ${row.name.padEnd(nameWidth)}  ${first.padEnd(row.advice ? detailWidth : 0)}`
    return [head, ...advice, ...more.map(text => `\n${indent}${text}`)].join('')
  }
  const headings = paint(2, line(HEADINGS, ' '))
  return [
    headings,
    ...results.map(row => line(row, paint(STATUS_STYLES[row.status].color, STATUS_STYLES[row.status].symbol))),
  ].join('\n')
}

function getMaxLength(texts: readonly string[]): number {
  return Math.max(...texts.map(text => text.length))
}

function getFirstLine(text: string): string {
  return text.split('\n')[0] ?? ''
}
