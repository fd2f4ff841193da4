import altair as alt
import pytest
import vl_convert

from results.report.detail_charts import draw_curve, draw_deltas
from results.report.figures.theme import config
from results.report.sections.languages import chart_rows
from tests.results.report.evidence_factory import make_evidence


@pytest.mark.parametrize(("draw", "rows"), [(draw_deltas, "deltas"), (draw_curve, "curve")])
def test_a_chart_is_valid_and_draws_the_rows_of_a_language(draw, rows):
    evidence = make_evidence()
    contrasts, curves = evidence.contrasts, evidence.curves
    records = chart_rows(contrasts[contrasts["language"].eq("ru")], curves[curves["language"].eq("ru")])[rows]
    spec = draw()
    alt.Chart.from_dict(spec, validate=True)
    spec["datasets"]["rows"] = records
    svg = vl_convert.vegalite_to_svg(spec | {"width": 600}, config=config("light"))
    names = {"deltas": [record["name"] for record in records if "series" not in record]}
    assert svg.count('aria-roledescription="point"') >= len(records[:3])
    for name in names.get(rows, [])[:3]:
        assert name in svg
