//! Module `marketing`: campaigns and their categories.

use super::form::{Form, parse_body};
use super::listing::{ActiveRule, List, ListRules, SortField};
use super::model::campaign::{Campaign, CampaignView};
use super::model::contact::digits_of;
use super::params::Params;
use super::refusal::{Problems, Refusal};
use super::reply::Reply;
use super::value::Id;
use super::world::{World, check_known, found, rows_for, settled};

const RULES: ListRules = ListRules::new(ActiveRule::OnlyActive).sorted_by(&[
    SortField::Id,
    SortField::Name,
    SortField::CreatedOn,
    SortField::ModifiedOn,
]);
const CATEGORIES: ListRules = ListRules::new(ActiveRule::NoFilter).without_ids();

/// `GET /campaigns`: `name` is a part of the name, in any case.
pub(crate) fn campaigns(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let list = List::read(params, RULES, world.newest, &problems);
    problems.settle()?;
    let name = params.text("name").map(str::to_lowercase);
    let phone = params.text("campaignPhoneNumber").map(digits_of);
    let rows = rows_for(&world.campaigns, &list);
    let page = list.cut(rows.filter(|row| {
        name.as_ref()
            .is_none_or(|name| row.name.to_lowercase().contains(name))
            && phone.as_ref().is_none_or(|phone| {
                row.phone_numbers
                    .iter()
                    .any(|number| digits_of(number) == *phone)
            })
    }));
    Ok(Reply::json(&page.map(|row| view(world, row))))
}

/// `GET /campaigns/{id}`.
pub(crate) fn campaign(world: &World, id: Id) -> Result<Reply, Refusal> {
    found(&world.campaigns, "Campaign", id).map(|row| Reply::json(&view(world, row)))
}

fn view<'a>(world: &'a World, row: &'a Campaign) -> CampaignView<'a> {
    let unit = world
        .business_units
        .get(row.business_unit_id)
        .map(|unit| unit.name.as_str());
    CampaignView::new(row, world.categories.get(row.category_id), unit)
}

/// `CampaignUpsertRequest`: create and change take the same body with the same required members.
struct Upsert {
    name: String,
    business_unit_id: Id,
    category_id: Id,
    active: bool,
    is_default: Option<bool>,
    source: Option<String>,
    medium: Option<String>,
    other_source: Option<String>,
    other_medium: Option<String>,
}

impl Upsert {
    fn read(world: &World, body: &[u8]) -> Result<Self, Refusal> {
        let body = parse_body(body)?;
        let problems = Problems::default();
        let form = Form::new(&body, &problems);
        let name: Option<String> = form.required("name");
        if name.as_ref().is_some_and(|name| name.trim().is_empty()) {
            form.refuse("name", "The Name field is required.");
        }
        let (business_unit, category) =
            (form.required("businessUnitId"), form.required("categoryId"));
        check_known(
            &form,
            "businessUnitId",
            business_unit,
            &world.business_units,
        );
        check_known(&form, "categoryId", category, &world.categories);
        let active = form.required("active");
        let is_default = form.optional("isDefaultCampaign");
        form.optional::<String>("dnis");
        let (source, medium) = (form.optional("source"), form.optional("medium"));
        let (other_source, other_medium) =
            (form.optional("otherSource"), form.optional("otherMedium"));
        let required = name.zip(business_unit).zip(category.zip(active));
        let ((name, business_unit_id), (category_id, active)) = settled(required, &problems)?;
        Ok(Self {
            name,
            business_unit_id,
            category_id,
            active,
            is_default,
            source,
            medium,
            other_source,
            other_medium,
        })
    }
}

/// `POST /campaigns`. A name can be used again: each call creates a row.
pub(crate) fn create_campaign(world: &mut World, body: &[u8]) -> Result<Reply, Refusal> {
    let new = Upsert::read(world, body)?;
    let id = world.next_id();
    world.born("campaigns", [new.name.clone()]);
    let row = Campaign {
        id,
        name: new.name,
        active: new.active,
        is_default: new.is_default,
        category_id: new.category_id,
        business_unit_id: new.business_unit_id,
        source: new.source,
        other_source: new.other_source,
        medium: new.medium,
        other_medium: new.other_medium,
        phone_numbers: Vec::new(),
        created_on: world.now,
        modified_on: world.now,
    };
    world.campaigns.insert(row, world.late);
    campaign(world, id)
}

/// `PATCH /campaigns/{id}`.
pub(crate) fn change_campaign(world: &mut World, id: Id, body: &[u8]) -> Result<Reply, Refusal> {
    found(&world.campaigns, "Campaign", id)?;
    let new = Upsert::read(world, body)?;
    world.campaigns.change(id, world.now, |row| {
        row.name = new.name;
        row.active = new.active;
        row.business_unit_id = new.business_unit_id;
        row.category_id = new.category_id;
        row.is_default = new.is_default.or(row.is_default);
        row.source = new.source.or(row.source.take());
        row.medium = new.medium.or(row.medium.take());
        row.other_source = new.other_source.or(row.other_source.take());
        row.other_medium = new.other_medium.or(row.other_medium.take());
    });
    campaign(world, id)
}

/// `GET /categories`.
pub(crate) fn categories(world: &World, params: &Params<'_>) -> Result<Reply, Refusal> {
    let problems = Problems::default();
    let list = List::read(params, CATEGORIES, world.newest, &problems);
    problems.settle()?;
    Ok(Reply::json(&list.cut(world.categories.rows())))
}

/// `GET /categories/{id}`.
pub(crate) fn category(world: &World, id: Id) -> Result<Reply, Refusal> {
    found(&world.categories, "Category", id).map(Reply::json)
}
