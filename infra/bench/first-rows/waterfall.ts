import { computeQuantile } from '../kit/statistics.ts'
import type { PageLoad, Span } from './page-load.ts'

const MS_PER_CHARACTER = 5

/** Draws the medians of some loads: a line for each request, and the moments of the first rows and images. */
export function drawWaterfall(name: string, loads: readonly PageLoad[]): string[] {
  const median = (numbers: readonly number[]) => computeQuantile(numbers, 0.5)
  const names = [...new Set(loads.flatMap(({ spans }) => spans.map(span => span.name)))]
  const spans = names.map(spanName => {
    const all = loads.flatMap(load => load.spans.filter(span => span.name === spanName))
    return { name: spanName, start: median(all.map(({ start }) => start)), end: median(all.map(({ end }) => end)) }
  })
  const moments = {
    'rows painted': median(loads.map(({ milliseconds }) => milliseconds)),
    'image painted': median(loads.map(({ imageMilliseconds }) => imageMilliseconds)),
  }
  return [
    `${name}:`,
    '',
    '```',
    ...spans.toSorted((a, b) => a.start - b.start).map(drawSpan),
    ...Object.entries(moments).map(
      ([moment, at]) => `${formatName(moment)} ${' '.repeat(toCharacters(at))}◆ ${at.toFixed(0)} ms`,
    ),
    '```',
    '',
  ]
}

function drawSpan({ name, start, end }: Span): string {
  const from = toCharacters(start)
  const bar = '█'.repeat(Math.max(1, toCharacters(end) - from))
  return `${formatName(name)} ${' '.repeat(from)}${bar} ${start.toFixed(0)}–${end.toFixed(0)} ms`
}

function formatName(name: string): string {
  return name.padEnd(14)
}

function toCharacters(milliseconds: number): number {
  return Math.max(0, Math.round(milliseconds / MS_PER_CHARACTER))
}
