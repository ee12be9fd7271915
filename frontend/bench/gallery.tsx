import './gallery.css'
import { createWindowVirtualizer } from '@tanstack/solid-virtual'
import { createSignal, For, onMount } from 'solid-js'
import { render } from 'solid-js/web'
import { WindowVirtualizer, type WindowVirtualizerHandle } from 'virtua/solid'
import { type BenchRow, showFloor } from './gallery-floor.ts'

/** The other variants of the feed: `?variant=seed`, `virtua` or `floor`. All rows are in memory; but for the floor, each is measured. */

/** The functions that the benchmark calls in the page. */
interface BenchControls {
  prepend(count: number): void
  /** Makes a row higher, as an image does that is taller than expected. */
  grow(key: string): void
  /** Scrolls to the last row. */
  toEnd(): void
}

declare global {
  interface Window {
    bench: BenchControls
  }
}

const query = new URLSearchParams(location.search)
const loaded: BenchRow[] = await (await fetch(`/rows?count=${query.get('count')}`)).json()
const [rows, setRows] = createSignal(loaded)
const [isShifted, setShifted] = createSignal(false)
const root = document.getElementById('root')
if (root && query.get('variant') === 'floor') showFloor(root, loaded)
else if (root) render(() => (query.get('variant') === 'virtua' ? <Virtua /> : <Seed />), root)

function growRow(key: string): BenchRow[] {
  const taller = (row: BenchRow) => ({
    ...row,
    images: row.images.map(image => ({ ...image, ratio: image.ratio / 2 })),
  })
  return rows().map(row => (row.key === key ? taller(row) : row))
}

function createOlderRows(count: number): BenchRow[] {
  const copied = rows().slice(0, count)
  return copied.map((row, index) => ({ ...row, key: `older ${index}`, prompt: `older ${index}: ${row.prompt}` }))
}

/**
 * TanStack's window virtualizer with the seed's settings. Like the seed it restores the scroll offset after older rows have
 * arrived.
 */
function Seed() {
  const virtualizer = createWindowVirtualizer<HTMLElement>({
    get count() {
      return rows().length
    },
    estimateSize: () => 400,
    overscan: 5,
    getItemKey: index => rows()[index]?.key ?? index,
  })
  onMount(() => {
    virtualizer.scrollToIndex(rows().length - 1)
    window.bench = {
      prepend: count => {
        const before = virtualizer.scrollOffset ?? 0
        setRows([...createOlderRows(count), ...rows()])
        virtualizer.scrollToOffset(before)
      },
      grow: key => setRows(growRow(key)),
      toEnd: () => virtualizer.scrollToIndex(rows().length - 1),
    }
  })
  return (
    <div class="list" style={{ height: `${virtualizer.getTotalSize()}px` }}>
      <For each={virtualizer.getVirtualItems()}>
        {item => (
          <div
            class="placed"
            data-index={item.index}
            ref={node => queueMicrotask(() => virtualizer.measureElement(node))}
            style={{ transform: `translateY(${item.start}px)` }}
          >
            <Row row={rows()[item.index]} />
          </div>
        )}
      </For>
    </div>
  )
}

function Virtua() {
  let handle: WindowVirtualizerHandle | undefined
  onMount(() => {
    const toEnd = () => handle?.scrollToIndex(rows().length - 1, { align: 'end' })
    requestAnimationFrame(toEnd)
    window.bench = {
      prepend: count => {
        setShifted(true)
        setRows([...createOlderRows(count), ...rows()])
        requestAnimationFrame(() => setShifted(false))
      },
      grow: key => setRows(growRow(key)),
      toEnd,
    }
  })
  return (
    <WindowVirtualizer
      data={rows()}
      shift={isShifted()}
      ref={given => {
        handle = given
      }}
    >
      {row => <Row row={row} />}
    </WindowVirtualizer>
  )
}

function Row(props: { row: BenchRow | undefined }) {
  const images = () => props.row?.images ?? []
  return (
    <article class="row" data-key={props.row?.key}>
      <p>{props.row?.prompt}</p>
      <div class="pictures">
        <For each={images()}>
          {image => (
            <img
              src={image.src}
              alt=""
              decoding="async"
              style={{ flex: `${image.ratio} 1 0`, 'aspect-ratio': String(image.ratio) }}
            />
          )}
        </For>
      </div>
    </article>
  )
}
