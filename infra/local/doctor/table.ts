import type { Finding, Found } from './checks.ts'

const MARKS: Record<Finding['mark'], { sign: string; colour: number }> = {
  good: { sign: '✓', colour: 32 },
  note: { sign: '·', colour: 33 },
  wrong: { sign: '✗', colour: 31 },
}
const HEADS: Found = { what: 'what', mark: 'good', state: 'state', advice: 'what to do' }
const WIDEST = 44

/** A calm table of what was found: what, how it is, what to do. A state that is too long for its column pushes the advice down. */
export function tableOf(found: readonly Found[], colour: boolean): string {
  const paint = (code: number, text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
  const what = widest(found.map(row => row.what))
  const state = Math.min(WIDEST, widest([HEADS, ...found].map(row => firstLine(row.state))))
  const line = (row: Found, sign: string) => {
    const [first = '', ...more] = row.state.split('\n')
    const indent = ' '.repeat(what + 7)
    const advice = row.advice ? [first.length > state ? `\n${indent}${' '.repeat(state)}` : '', `  ${row.advice}`] : []
    const head = `  ${sign}  ${row.what.padEnd(what)}  ${first.padEnd(row.advice ? state : 0)}`
    return [head, ...advice, ...more.map(text => `\n${indent}${text}`)].join('')
  }
  const heads = paint(2, line(HEADS, ' '))
  return [heads, ...found.map(row => line(row, paint(MARKS[row.mark].colour, MARKS[row.mark].sign)))].join('\n')
}

function widest(texts: readonly string[]): number {
  return Math.max(...texts.map(text => text.length))
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? ''
}
