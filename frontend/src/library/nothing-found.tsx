import type { Model } from '@darkroom/contracts/model'
import { Show } from 'solid-js'
import { describeFilter } from './filter-words.ts'
import { isFiltered, type ListQuery, type Section } from './list-query.ts'

interface NothingFoundProps {
  query: ListQuery
  modelsById: ReadonlyMap<string, Model>
  onClearFilter: () => void
}

const EMPTY_MESSAGES: Record<Section, { title: string; hint: string }> = {
  all: { title: 'Nothing found.', hint: '' },
  favourites: { title: 'No favourites yet.', hint: 'The heart on a picture puts it here.' },
  trash: { title: 'The trash is empty.', hint: 'What you delete stays here for 30 days.' },
}

/** The message of a list without generations: which filter nothing matches, and the button that removes it. */
export default function NothingFound(props: NothingFoundProps) {
  const empty = () => EMPTY_MESSAGES[props.query.section]
  const inSection = () =>
    ({ all: '', favourites: ' among the favourites', trash: ' in the trash' })[props.query.section]
  return (
    <section class="centred">
      <Show
        when={isFiltered(props.query)}
        fallback={
          <>
            <h2>{empty().title}</h2>
            <p>{empty().hint}</p>
          </>
        }
      >
        <h2>Nothing found{inSection()}.</h2>
        <p role="status">No generation matches {describeFilter(props.query, props.modelsById)}.</p>
        <button type="button" class="solid" onClick={() => props.onClearFilter()}>
          Clear filters
        </button>
      </Show>
    </section>
  )
}
