//! What can stand on an invoice. The price book is not simulated: these few are all there is.

use rust_decimal::Decimal;

use crate::sandbox::servicetitan::model::invoice::ItemType;
use crate::sandbox::servicetitan::value::Id;

/// Something that can be sold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sku {
    pub(crate) id: Id,
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) kind: ItemType,
    cents: i64,
    pub(crate) taxable: bool,
}

impl Sku {
    pub(crate) fn price(&self) -> Decimal {
        Decimal::new(self.cents, 2)
    }
}

const fn sku(
    id: i64,
    name: &'static str,
    label: &'static str,
    kind: ItemType,
    cents: i64,
    taxable: bool,
) -> Sku {
    Sku {
        id: Id(id),
        name,
        label,
        kind,
        cents,
        taxable,
    }
}

const SKUS: [Sku; 6] = [
    sku(501, "LABOR", "Labor", ItemType::Service, 15000, false),
    sku(502, "TRAVEL", "Trip charge", ItemType::Service, 6500, false),
    sku(503, "PART-1", "Fan motor", ItemType::Material, 10000, true),
    sku(
        504,
        "UNIT-1",
        "Condenser",
        ItemType::Equipment,
        240_000,
        true,
    ),
    sku(
        505,
        "DISCOUNT",
        "Discount",
        ItemType::PriceModifier,
        -2500,
        false,
    ),
    sku(
        506,
        "FREIGHT",
        "Freight",
        ItemType::Unspecified,
        4000,
        false,
    ),
];

/// The one with this id or name.
pub(crate) fn find(id: Option<Id>, name: Option<&str>) -> Option<&'static Sku> {
    SKUS.iter().find(|sku| match (id, name) {
        (Some(id), _) => sku.id == id,
        (None, Some(name)) => sku.name.eq_ignore_ascii_case(name),
        (None, None) => false,
    })
}
