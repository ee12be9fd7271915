import cliProgress from 'cli-progress'
import type { BackfillReport } from '../../src/database/backfill-report.ts'
import { progressOf } from './format.ts'

/** Where a run's progress is shown. */
export interface Bar {
  show(report: BackfillReport): void
  say(line: string): void
  end(): void
}

const LINE_MS = 2_000

/** A bar on a terminal; elsewhere a line every now and then. */
export function createBar(stream: NodeJS.WriteStream): Bar {
  return stream.isTTY ? drawn(stream) : plain(stream)
}

function drawn(stream: NodeJS.WriteStream): Bar {
  const bar = new cliProgress.SingleBar({
    stream,
    format: ' {bar} {percentage}%  {words}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    etaBuffer: 1,
  })
  bar.start(1, 0, { words: 'waiting for the studio' })
  return {
    show: report => {
      const { done, total, words } = progressOf(report)
      bar.setTotal(Math.max(1, total))
      bar.update(total === 0 ? 1 : done, { words })
    },
    say: line => bar.update({ words: line }),
    end: () => bar.stop(),
  }
}

function plain(stream: NodeJS.WriteStream): Bar {
  let [line, written, at] = ['', '', 0]
  const write = () => {
    if (line !== written) stream.write(`${line}\n`)
    ;[written, at] = [line, Date.now()]
  }
  return {
    show: report => {
      const { done, total, words } = progressOf(report)
      line = `${done}/${total} ${words}`
      if (Date.now() - at >= LINE_MS) write()
    },
    say: text => void stream.write(`${text}\n`),
    end: write,
  }
}
