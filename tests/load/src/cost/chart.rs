//! The day, drawn: what arrives, what is signed, what waits.

use crate::day::{Day, Minute};
use anyhow::Result;
use plotters::prelude::{
    AreaSeries, ChartBuilder, Color, IntoDrawingArea, LineSeries, PathElement, RGBColor, SVGBackend, WHITE,
};
use std::path::Path;

const BLUE: RGBColor = RGBColor(29, 78, 216);
const AMBER: RGBColor = RGBColor(180, 83, 9);
const GREY: RGBColor = RGBColor(107, 114, 128);

pub(crate) fn draw(file: &Path, day: &Day) -> Result<()> {
    let root = SVGBackend::new(file, (960, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let most = |of: fn(&Minute) -> f64| day.minutes.iter().map(of).fold(1.0, f64::max);
    let hours = u32::try_from(day.minutes.len()).map_or(24.0, |minutes| f64::from(minutes) / 60.0);
    let mut chart = ChartBuilder::on(&root)
        .margin(16)
        .caption("A campaign's day: events a second (left), millions that wait (right)", ("sans-serif", 18))
        .x_label_area_size(34)
        .y_label_area_size(52)
        .right_y_label_area_size(52)
        .build_cartesian_2d(0.0..hours, 0.0..most(|minute| minute.arrive) * 1.1)?
        .set_secondary_coord(0.0..hours, 0.0..most(|minute| minute.waiting) / 1e6 * 1.1);
    let hour = |hour: &f64| format!("{hour:02.0}:00");
    let number = |number: &f64| format!("{number:.0}");
    let million = |number: &f64| format!("{number:.1}");
    chart.configure_mesh().disable_x_mesh().x_labels(13).x_label_formatter(&hour).y_label_formatter(&number).draw()?;
    chart.configure_secondary_axes().y_label_formatter(&million).draw()?;
    let points = |of: fn(&Minute) -> f64| {
        let at = |minute: usize| u32::try_from(minute).map_or(0.0, |minute| f64::from(minute) / 60.0);
        day.minutes.iter().enumerate().map(move |(minute, it)| (at(minute), of(it))).collect::<Vec<_>>()
    };
    let waiting = AreaSeries::new(points(|minute| minute.waiting / 1e6), 0.0, GREY.mix(0.25)).border_style(GREY);
    chart
        .draw_secondary_series(waiting)?
        .label("wait")
        .legend(|(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], GREY));
    for (label, color, line) in
        [("arrive", AMBER, points(|minute| minute.arrive)), ("signed", BLUE, points(|minute| minute.signed))]
    {
        chart
            .draw_series(LineSeries::new(line, color.stroke_width(2)))?
            .label(label)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], color.stroke_width(2)));
    }
    chart.configure_series_labels().background_style(WHITE.mix(0.8)).border_style(GREY.mix(0.4)).draw()?;
    Ok(root.present()?)
}
