//! Campaigns and their categories.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::sandbox::servicetitan::table::{members_of, row};
use crate::sandbox::servicetitan::value::{Id, Instant, words};

words! {
    /// Kind of campaign category.
    CategoryType { Regular, GoogleHomeServices }
}

/// A campaign category row.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Category {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) active: bool,
    pub(crate) r#type: CategoryType,
    pub(crate) created_on: Instant,
    pub(crate) modified_on: Instant,
}
row!(Category, active: active);

/// A campaign row. It is written with ids of its business unit and category, and shows the name
/// of the one and a model of the other.
#[derive(Clone, Debug)]
pub(crate) struct Campaign {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) active: bool,
    pub(crate) is_default: Option<bool>,
    pub(crate) category_id: Id,
    pub(crate) business_unit_id: Id,
    pub(crate) source: Option<String>,
    pub(crate) other_source: Option<String>,
    pub(crate) medium: Option<String>,
    pub(crate) other_medium: Option<String>,
    pub(crate) phone_numbers: Vec<String>,
    pub(crate) created_on: Instant,
    pub(crate) modified_on: Instant,
}
row!(Campaign, active: active, name: name, members: members);

fn members(row: &Campaign) -> Map<String, Value> {
    members_of(&CampaignView::new(row, None, None))
}

/// `CampaignResponse`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CampaignView<'a> {
    id: Id,
    name: &'a str,
    modified_on: Instant,
    created_on: Instant,
    active: bool,
    is_default_campaign: Option<bool>,
    category: Option<CategoryView<'a>>,
    source: Option<&'a str>,
    other_source: Option<&'a str>,
    business_unit: Option<&'a str>,
    medium: Option<&'a str>,
    other_medium: Option<&'a str>,
    campaign_phone_numbers: &'a [String],
}

#[derive(Debug, Serialize)]
struct CategoryView<'a> {
    id: Id,
    name: &'a str,
    active: bool,
}

impl<'a> CampaignView<'a> {
    pub(crate) fn new(
        campaign: &'a Campaign,
        category: Option<&'a Category>,
        business_unit: Option<&'a str>,
    ) -> Self {
        let show = |category: &'a Category| CategoryView {
            id: category.id,
            name: &category.name,
            active: category.active,
        };
        Self {
            id: campaign.id,
            name: &campaign.name,
            modified_on: campaign.modified_on,
            created_on: campaign.created_on,
            active: campaign.active,
            is_default_campaign: campaign.is_default,
            category: category.map(show),
            source: campaign.source.as_deref(),
            other_source: campaign.other_source.as_deref(),
            business_unit,
            medium: campaign.medium.as_deref(),
            other_medium: campaign.other_medium.as_deref(),
            campaign_phone_numbers: &campaign.phone_numbers,
        }
    }
}
