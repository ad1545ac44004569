//! The seed's lists: units, types, fields, campaigns, technicians, tags, reasons.

use super::config::Config;
use super::external::ExternalData;
use super::model::booking::{ProviderKind, ProviderTag};
use super::model::campaign::{Campaign, Category, CategoryType};
use super::model::custom_field::{CustomFieldType, DataType};
use super::model::job_type::JobType;
use super::model::reason::Reason;
use super::model::settings::{BusinessUnit, Importance, TagType, Technician};
use super::seed::{close_campaign, known};
use super::value::{Id, Priority};
use super::world::World;

/// Puts the lists into an empty world.
pub(crate) fn fill(world: &mut World, config: &Config) {
    units(world, config);
    types(world);
    fields(world);
    campaigns(world);
    people_and_tags(world);
    reasons(world);
    let now = world.now;
    let tag = ProviderTag {
        id: known::BOOKING_PROVIDER,
        tag_name: "ServiceChannel".to_owned(),
        description: "Work orders of facility owners".to_owned(),
        r#type: ProviderKind::V2Api,
        created_on: now,
        modified_on: now,
        active: true,
    };
    world.provider_tags.insert(tag, None);
}

fn units(world: &mut World, config: &Config) {
    let units = [
        (known::UNIT_PLUMBING, "Plumbing"),
        (known::UNIT_HVAC, "HVAC"),
        (Id(13), "Electrical"),
    ];
    for (id, name) in units {
        let unit = BusinessUnit {
            id,
            active: true,
            name: name.to_owned(),
            tenant: config.tenant,
            tenant_name: config.tenant_name.clone(),
            created_on: world.now,
            modified_on: world.now,
            external: ExternalData::default(),
        };
        world.business_units.insert(unit, None);
    }
}

fn types(world: &mut World) {
    let types = [
        (
            known::JOB_TYPE_HVAC,
            "HVAC service call",
            vec![known::UNIT_HVAC],
        ),
        (
            known::JOB_TYPE_PLUMBING,
            "Drain cleaning",
            vec![known::UNIT_PLUMBING],
        ),
        (known::JOB_TYPE_ANY, "Inspection", Vec::new()),
    ];
    for (id, name, business_unit_ids) in types {
        let job_type = JobType {
            id,
            name: name.to_owned(),
            business_unit_ids,
            skills: Vec::new(),
            tag_type_ids: Vec::new(),
            priority: Priority::Normal,
            duration: 7_200,
            sold_threshold: None,
            class: "Service".to_owned(),
            summary: String::new(),
            no_charge: false,
            enforce_recurring_service_event_selection: None,
            invoice_signatures_required: false,
            modified_on: world.now,
            created_on: world.now,
            active: true,
            is_smart_dispatched: false,
            external: ExternalData::default(),
        };
        world.job_types.insert(job_type, None);
    }
}

fn fields(world: &mut World) {
    let now = world.now;
    let field = |id: Id, name: &str, data_type: DataType, options: Option<&[&str]>| {
        let data_type_options =
            options.map(|options| options.iter().map(|option| (*option).to_owned()).collect());
        let name = name.to_owned();
        CustomFieldType {
            id,
            name,
            data_type,
            data_type_options,
            created_on: now,
            modified_on: now,
        }
    };
    let jobs = [
        field(known::FIELD_NTE, "NTE", DataType::Text, None),
        field(
            known::FIELD_ACCESS,
            "Site access",
            DataType::Dropdown,
            Some(&["Front desk", "Key box"]),
        ),
        field(Id(3003), "Floor", DataType::Numeric, None),
    ];
    for row in jobs {
        world.fields.job.insert(row, None);
    }
    world.fields.customer.insert(
        field(Id(3101), "Account manager", DataType::Text, None),
        None,
    );
    world
        .fields
        .location
        .insert(field(Id(3201), "Gate code", DataType::Text, None), None);
}

fn campaigns(world: &mut World) {
    for (id, name) in [(known::CATEGORY, "Online"), (Id(6), "Referral")] {
        let category = Category {
            id,
            name: name.to_owned(),
            active: true,
            r#type: CategoryType::Regular,
            created_on: world.now,
            modified_on: world.now,
        };
        world.categories.insert(category, None);
    }
    let campaigns = [
        (known::CAMPAIGN, "Website"),
        (known::CAMPAIGN_INACTIVE, "Spring mailing"),
    ];
    for (id, name) in campaigns {
        let campaign = Campaign {
            id,
            name: name.to_owned(),
            active: true,
            is_default: Some(false),
            category_id: known::CATEGORY,
            business_unit_id: known::UNIT_HVAC,
            source: None,
            other_source: None,
            medium: None,
            other_medium: None,
            phone_numbers: Vec::new(),
            created_on: world.now,
            modified_on: world.now,
        };
        world.campaigns.insert(campaign, None);
    }
    close_campaign(world);
}

fn people_and_tags(world: &mut World) {
    let now = world.now;
    let technicians = [
        (known::TECHNICIAN, "Riley Stone"),
        (Id(202), "Sam Marsh"),
        (Id(203), "Kit Vale"),
    ];
    for (id, name) in technicians {
        let technician = Technician {
            id,
            name: name.to_owned(),
            business_unit_id: known::UNIT_HVAC,
            active: true,
            created_on: now,
            modified_on: now,
        };
        world.technicians.insert(technician, None);
    }
    let tags = [
        (known::TAG, "National account", Some(Importance::High)),
        (known::TAG_OTHER, "After hours", None),
    ];
    for (id, name, importance) in tags {
        let tag = TagType {
            id,
            name: name.to_owned(),
            color: "#2f6f4f".to_owned(),
            code: name.chars().filter(char::is_ascii_uppercase).collect(),
            importance,
            is_conversion_opportunity: false,
            allow_to_use_on_timesheet_activity: false,
            is_visible_on_dispatch_board: true,
            active: true,
            created_on: now,
            modified_on: now,
        };
        world.tag_types.insert(tag, None);
    }
}

fn reasons(world: &mut World) {
    let now = world.now;
    let reason = |id: Id, name: &str, active: bool| {
        let name = name.to_owned();
        Reason {
            id,
            name,
            active,
            created_on: now,
            modified_on: now,
        }
    };
    for row in [
        reason(known::CANCEL_REASON, "Customer canceled", true),
        reason(Id(402), "Booked twice", true),
        reason(Id(403), "No longer used", false),
    ] {
        world.cancel_reasons.insert(row, None);
    }
    for row in [
        reason(known::HOLD_REASON, "Waiting for parts", true),
        reason(Id(412), "Waiting for approval", true),
    ] {
        world.hold_reasons.insert(row, None);
    }
}
