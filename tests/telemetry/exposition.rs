//! Reads the OpenMetrics text format, strictly: what is not right is a failure, not a sample less.

#![expect(clippy::string_slice, reason = "places come from the text itself")]

use std::collections::{BTreeMap, BTreeSet};

/// What was exposed.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    /// The type of each family.
    pub(super) types: BTreeMap<String, String>,
    /// The help of each family.
    pub(super) helps: BTreeMap<String, String>,
    samples: Vec<Sample>,
}

#[derive(Debug)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Exposition {
    /// Reads a text to its end.
    #[track_caller]
    pub(super) fn read(text: &str) -> Self {
        let body = text
            .strip_suffix("# EOF\n")
            .expect("the text ends with its end");
        let mut read = Self::default();
        let mut family = String::new();
        for line in body.lines() {
            if let Some(described) = line.strip_prefix("# ") {
                let mut words = described.splitn(3, ' ');
                let (word, name) = (words.next().unwrap(), words.next().unwrap());
                let said = words.next().unwrap_or_default().to_owned();
                match word {
                    "HELP" => {
                        family = name.to_owned();
                        let before = read.helps.insert(family.clone(), said);
                        assert_eq!(before, None, "{name} is described twice");
                    }
                    "TYPE" => {
                        assert_eq!(name, family, "{line}");
                        read.types.insert(family.clone(), said);
                    }
                    "UNIT" => assert!(name == family && name.ends_with(&said), "{line}"),
                    _ => panic!("no such description: {line}"),
                }
                continue;
            }
            let sample = sample(line);
            let rest = sample.name.strip_prefix(&family);
            let rest = rest.unwrap_or_else(|| panic!("{line} stands under {family}"));
            let fits: &[&str] = match read.types[&family].as_str() {
                "counter" => &["_total"],
                "gauge" => &[""],
                "histogram" => &["_bucket", "_sum", "_count"],
                other => panic!("no type of ours: {other}"),
            };
            assert!(fits.contains(&rest), "{line} is no sample of {family}");
            assert!(sample.value >= 0.0, "{line}");
            read.samples.push(sample);
        }
        read.are_different();
        read.buckets_rise();
        read
    }

    fn are_different(&self) {
        let mut seen = BTreeSet::new();
        for Sample { name, labels, .. } in &self.samples {
            assert!(seen.insert((name, labels)), "{name} {labels:?} twice");
        }
    }

    fn buckets_rise(&self) {
        let mut last: BTreeMap<_, (f64, f64)> = BTreeMap::new();
        for sample in &self.samples {
            let Some(family) = sample.name.strip_suffix("_bucket") else {
                continue;
            };
            let mut labels = sample.labels.clone();
            let bound = labels.remove("le").expect("a bucket has a bound");
            let bound = bound.replace("+Inf", "inf").parse().unwrap();
            let of = (family.to_owned(), labels);
            if let Some((before, count)) = last.get(&of) {
                assert!(*before < bound && *count <= sample.value, "{sample:?}");
            }
            last.insert(of, (bound, sample.value));
        }
        for ((family, labels), (bound, count)) in last {
            assert!(bound.is_infinite(), "{family} has a last bucket");
            let given: Vec<_> = labels.iter().map(|(k, v)| (&**k, &**v)).collect();
            let all = self.get(&format!("{family}_count"), &given);
            assert_eq!(all, Some(count), "{family}");
        }
    }

    /// The value of the sample with exactly these labels.
    pub(super) fn get(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let wanted: BTreeMap<String, String> = labels
            .iter()
            .map(|(label, value)| ((*label).to_owned(), (*value).to_owned()))
            .collect();
        let mut of = self.samples.iter();
        of.find(|sample| sample.name == name && sample.labels == wanted)
            .map(|sample| sample.value)
    }

    /// The sum of the samples that have these labels among theirs.
    pub(super) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |sample: &&Sample| {
            let mut wanted = labels.iter();
            sample.name == name
                && wanted.all(|(label, value)| {
                    sample
                        .labels
                        .get(*label)
                        .is_some_and(|given| given == value)
                })
        };
        let of = self.samples.iter().filter(has);
        of.map(|sample| sample.value).sum()
    }

    /// Every value of every label.
    pub(super) fn values(&self) -> BTreeSet<&str> {
        let labels = self
            .samples
            .iter()
            .flat_map(|sample| sample.labels.values());
        labels.map(String::as_str).collect()
    }

    /// The labels a family's samples have, `le` left out.
    pub(super) fn labels(&self, family: &str) -> BTreeSet<&str> {
        let of = self.samples.iter().filter(|sample| {
            let rest = sample.name.strip_prefix(family);
            rest.is_some_and(|rest| ["", "_total", "_bucket", "_sum", "_count"].contains(&rest))
        });
        let names = of.flat_map(|sample| sample.labels.keys());
        names
            .map(String::as_str)
            .filter(|name| *name != "le")
            .collect()
    }
}

#[track_caller]
fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let value = value.replace("+Inf", "inf").parse().unwrap();
    let (name, mut rest) = match series.split_once('{') {
        Some((name, rest)) => (name, rest.strip_suffix('}').unwrap()),
        None => (series, ""),
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    assert!(!name.is_empty() && name.chars().all(legal), "{line}");
    let mut labels = BTreeMap::new();
    while !rest.is_empty() {
        let (label, quoted) = rest.split_once("=\"").unwrap();
        assert!(label.chars().all(legal), "{line}");
        let mut text = String::new();
        let mut chars = quoted.char_indices();
        let end = loop {
            match chars.next().expect("a value has an end") {
                (at, '"') => break at,
                (_, '\\') => match chars.next().unwrap().1 {
                    'n' => text.push('\n'),
                    plain @ ('"' | '\\') => text.push(plain),
                    other => panic!("\\{other} is no escape: {line}"),
                },
                (_, plain) => text.push(plain),
            }
        };
        let before = labels.insert(label.to_owned(), text);
        assert_eq!(before, None, "{line}");
        rest = &quoted[end + 1..];
        rest = match rest.strip_prefix(',') {
            Some(more) => more,
            None if rest.is_empty() => rest,
            None => panic!("labels are parted by commas: {line}"),
        };
    }
    Sample {
        name: name.to_owned(),
        labels,
        value,
    }
}
