import { ReduceDataOptionsBuilder } from '@grafana/grafana-foundation-sdk/common'
import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  RowBuilder,
  type Dashboard,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'

/** One line of a panel: what is asked, and what the line is called. */
export interface Query {
  readonly expr: string
  readonly legend: string
}

export interface Panel {
  readonly title: string
  /** What it shows, and what to think of it. */
  readonly description: string
  /** A unit of Grafana: `s`, `reqps`, `percentunit`, `short`. */
  readonly unit: string
  /** One large number, or lines over time. */
  readonly kind?: 'number' | 'lines'
  readonly queries: readonly Query[]
}

export interface Board {
  /** Also the name of its file. */
  readonly uid: string
  readonly title: string
  readonly rows: readonly { readonly title: string; readonly panels: readonly Panel[] }[]
}

/** Grafana fills it in, so that a board fits whatever the Prometheus of a place is called. */
const datasource = { type: 'prometheus', uid: '${datasource}' }
const panelHeight = 8
const panelsInRow = 3
const gridWidth = 24

const queryOf = ({ expr, legend }: Query, index: number) =>
  new DataqueryBuilder()
    .expr(expr)
    .legendFormat(legend)
    .refId(String.fromCharCode('A'.charCodeAt(0) + index))

const panelOf = ({ title, description, unit, kind = 'lines', queries }: Panel) => {
  const lastValue = new ReduceDataOptionsBuilder().calcs(['lastNotNull'])
  const builder =
    kind === 'lines' ? new TimeseriesBuilder().min(0) : new StatBuilder().reduceOptions(lastValue)
  builder
    .title(title)
    .description(description)
    .unit(unit)
    .datasource(datasource)
    .height(panelHeight)
    .span(gridWidth / panelsInRow)
  queries.forEach((query, index) => builder.withTarget(queryOf(query, index)))
  return builder
}

export const dashboardOf = ({ uid, title, rows }: Board): Dashboard => {
  const builder = new DashboardBuilder(title)
    .uid(uid)
    .tags(['orderly'])
    .refresh('10s')
    .time({ from: 'now-30m', to: 'now' })
    .timezone('browser')
    .withVariable(
      new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'),
    )
  for (const row of rows) {
    builder.withRow(new RowBuilder(row.title))
    for (const panel of row.panels) builder.withPanel(panelOf(panel))
  }
  return builder.build()
}
