import './gallery.css'
import { createWindowVirtualizer } from '@tanstack/solid-virtual'
import { createSignal, For, onMount } from 'solid-js'
import { render } from 'solid-js/web'
import { WindowVirtualizer, type WindowVirtualizerHandle } from 'virtua/solid'

/** The other ways of showing the same rows: `?arm=seed` or `?arm=virtua`. All rows are in memory, each is measured. */

interface BenchRow {
  key: string
  prompt: string
  pictures: { src: string; ratio: number }[]
}

/** What the benchmark does with a page. */
interface BenchControls {
  prepend(count: number): void
  /** Makes a row higher, as a picture that turns out taller does. */
  grow(key: string): void
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
if (root) render(() => (query.get('arm') === 'virtua' ? <Virtua /> : <Seed />), root)

function growRow(key: string): BenchRow[] {
  const taller = (row: BenchRow) => ({
    ...row,
    pictures: row.pictures.map(picture => ({ ...picture, ratio: picture.ratio / 2 })),
  })
  return rows().map(row => (row.key === key ? taller(row) : row))
}

function createOlderRows(count: number): BenchRow[] {
  const some = rows().slice(0, count)
  return some.map((row, index) => ({ ...row, key: `older ${index}`, prompt: `older ${index}: ${row.prompt}` }))
}

/** The window virtualizer with the seed's settings, and its way of keeping the place when older ones come. */
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
  const pictures = () => props.row?.pictures ?? []
  return (
    <article class="row" data-key={props.row?.key}>
      <p>{props.row?.prompt}</p>
      <div class="pictures">
        <For each={pictures()}>
          {picture => (
            <img
              src={picture.src}
              alt=""
              decoding="async"
              style={{ flex: `${picture.ratio} 1 0`, 'aspect-ratio': String(picture.ratio) }}
            />
          )}
        </For>
      </div>
    </article>
  )
}
