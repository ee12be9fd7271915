import {
  ADDABLE_KINDS,
  type ConnectionKind,
  type ConnectionKindInfo,
  KIND_INFO,
} from '@darkroom/contracts/connection-kinds'
import { For } from 'solid-js'

interface KindTilesProps {
  selected: ConnectionKind
  onSelect: (kind: ConnectionKind) => void
}

/** The kinds of connections, as two groups of one choice. */
export function KindTiles(props: KindTilesProps) {
  return (
    <div role="radiogroup" aria-label="Kind of connection">
      <TileGroup {...props} label="Services, paid per picture" where="service" />
      <TileGroup {...props} label="Servers of your own" where="server" />
      <TileGroup {...props} label="On this machine" where="machine" />
    </div>
  )
}

function TileGroup(props: KindTilesProps & { label: string; where: ConnectionKindInfo['where'] }) {
  const kinds = () => ADDABLE_KINDS.filter(kind => KIND_INFO[kind].where === props.where)
  return (
    <>
      <p class="field-label kind-group">{props.label}</p>
      <div class="kind-tiles">
        <For each={kinds()}>
          {kind => (
            <label class="kind-tile">
              <input
                class="kind-input"
                type="radio"
                name="connection-kind"
                value={kind}
                checked={props.selected === kind}
                onChange={() => props.onSelect(kind)}
              />
              <span class="kind-name">{KIND_INFO[kind].name}</span>
              <span class="kind-offers">{KIND_INFO[kind].offers}</span>
            </label>
          )}
        </For>
      </div>
    </>
  )
}
